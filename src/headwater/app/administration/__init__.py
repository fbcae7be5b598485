"""Administration: people, groups, tokens, roles, the audit log and secrets, for whoever asks and may.

Each method takes the actor who asks first, and asks in the transaction in which it acts whether they may.
"""

from headwater.app.administration.access import Access
from headwater.app.administration.assignments import Given, GivenPage
from headwater.app.administration.audit import Audit, AuditPage
from headwater.app.administration.explanations import Answer
from headwater.app.administration.groups import GroupPage, Groups
from headwater.app.administration.people import People, UserPage, link_address
from headwater.app.administration.principals import Principal
from headwater.app.administration.roles import Roles
from headwater.app.administration.scopes import ScopePage, ShownScope
from headwater.app.administration.secrets import KeyUse, Secrets
from headwater.app.administration.tokens import ShownToken, Tokens

__all__ = [
    "Access",
    "Answer",
    "Audit",
    "AuditPage",
    "Given",
    "GivenPage",
    "GroupPage",
    "Groups",
    "KeyUse",
    "People",
    "Principal",
    "Roles",
    "ScopePage",
    "Secrets",
    "ShownScope",
    "ShownToken",
    "Tokens",
    "UserPage",
    "link_address",
]
