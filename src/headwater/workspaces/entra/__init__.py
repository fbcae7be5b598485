"""Access tokens of Microsoft Entra ID, by azure-identity; every call for one goes out through ``headwater.net``."""

from headwater.workspaces.entra.credential import EntraCredential
from headwater.workspaces.entra.makers import Maker, client_secret, command_line, managed_identity

__all__ = ["EntraCredential", "Maker", "client_secret", "command_line", "managed_identity"]
