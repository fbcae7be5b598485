"""Who may do what: people, groups and tokens; scopes, roles and assignments; the audit log."""

from headwater.access.actions import Action
from headwater.access.actors import SYSTEM, Actor, Via
from headwater.access.assignments import Assignment, AssignmentPage, Granted, grant, install, list_assignments, revoke
from headwater.access.builtin_roles import OWNER
from headwater.access.explaining import Explanation, Grant, explain
from headwater.access.roles import RoleDefinition, change_role, create_role, delete_role, get_role, list_roles
from headwater.access.scopes import (
    Removed,
    Scope,
    ScopeKind,
    add_scope,
    add_scopes,
    display_path,
    find_scope,
    get_scope,
    move_scope,
    remove_scope,
    rename_scope,
    server_scope,
    set_restricted,
    set_subscription,
)
from headwater.access.trimming import Listing, Page, allowed, allowed_to, check, may, may_see, require

__all__ = [
    "OWNER",
    "SYSTEM",
    "Action",
    "Actor",
    "Assignment",
    "AssignmentPage",
    "Explanation",
    "Grant",
    "Granted",
    "Listing",
    "Page",
    "Removed",
    "RoleDefinition",
    "Scope",
    "ScopeKind",
    "Via",
    "add_scope",
    "add_scopes",
    "allowed",
    "allowed_to",
    "change_role",
    "check",
    "create_role",
    "delete_role",
    "display_path",
    "explain",
    "find_scope",
    "get_role",
    "get_scope",
    "grant",
    "install",
    "list_assignments",
    "list_roles",
    "may",
    "may_see",
    "move_scope",
    "remove_scope",
    "rename_scope",
    "require",
    "revoke",
    "server_scope",
    "set_restricted",
    "set_subscription",
]
