"""Sign-in by OpenID Connect: providers, the way there and back, links between people and subjects, tied groups."""

from headwater.access.openid.directory import DIRECTORY, Directory
from headwater.access.openid.flow import Begun, Completed, begin, complete
from headwater.access.openid.linking import link_external, unlink_external
from headwater.access.openid.membership import tie_group, untie_group
from headwater.access.openid.provider import Provider
from headwater.access.openid.requests import LIFETIME, purge

__all__ = [
    "DIRECTORY",
    "LIFETIME",
    "Begun",
    "Completed",
    "Directory",
    "Provider",
    "begin",
    "complete",
    "link_external",
    "purge",
    "tie_group",
    "unlink_external",
    "untie_group",
]
