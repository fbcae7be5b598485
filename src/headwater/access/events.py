"""What the audit log records: every kind of event, and exactly which fields it may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = ["Event", "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """One fact about an event. ``kind`` is ``str``, ``int`` or ``bool``: nothing that could hold a row or a secret."""

    name: str
    kind: type[str] | type[int] | type[bool]
    description: str


def _text(name: str, description: str) -> Field:
    return Field(name, str, description)


def _number(name: str, description: str) -> Field:
    return Field(name, int, description)


def _flag(name: str, description: str) -> Field:
    return Field(name, bool, description)


_KIND = _text("kind", "which kind of source, connection or scope it is")
_ORIGIN = _text("origin", "scheme, host and port that it leads to")
_PURPOSE = _text("purpose", "what it is for")
_EXPIRES = _text("expires_at", "until when it is good")
_PREFIX = _text("prefix", "the beginning of the token, as its owner's list shows it")
_ROLE = _text("role", "the role's name")
_PRINCIPAL = _text("principal_id", "the user or group")
_ROWS = _number("rows", "how many rows, never which")
_CREDENTIAL = _text("credential", "which kind of credential it is")
_PERSONAL = _flag("personal", "it is somebody's own, and not the source's")
_VERSION = _text("version", "which immutable version")
_POLICY = (
    _text("name", "the policy's name"), _text("subject", "what it goes by: asset, classification, label, sensitivity"),
    _text("value", "which of these"), _flag("enabled", "it holds"),
    _text("readers", "ids of the users and groups who read"), _number("people", "how many active people that is"),
)  # fmt: skip


class Event(Enum):
    """A kind of event: its code, what it means, and its fields beside who, when, where, target and result.

    >>> Event.MODEL_INVOKED.code, sorted(Event.MODEL_INVOKED.fields)
    ('model.invoked', ['calls', 'model', 'rows', 'version'])
    """

    SIGNED_IN = "person.signed_in", "Somebody signed in, or tried to.", _text("method", "password, link or issuer")
    SIGNED_OUT = "person.signed_out", "A session was ended.", _flag("everywhere", "all of the person's were")
    PERSON_CREATED = "person.created", "A user was made.", _text("name", "what they sign in with")
    PERSON_CHANGED = "person.changed", "A user was changed.", _text("changed", "the names of what was changed")
    PERSON_DISABLED = "person.disabled", "A user may no longer sign in; their sessions ended."
    PERSON_ENABLED = "person.enabled", "A user may sign in again."
    PASSWORD_CHANGED = "password.changed", "A password was set."
    LINK_MADE = "link.made", "A one-time link was made.", _PURPOSE, _EXPIRES
    LINK_USED = "link.used", "A one-time link was used up.", _PURPOSE
    GROUP_CREATED = "group.created", "A group was made.", _text("name", "the group's name")
    GROUP_DELETED = "group.deleted", "A group was deleted.", _text("name", "the group's name")
    MEMBER_ADDED = "group.member_added", "Somebody became a member of a group.", _PRINCIPAL
    MEMBER_REMOVED = "group.member_removed", "Somebody is no longer a member of a group.", _PRINCIPAL
    GROUP_TIED = "group.tied", "An issuer's word decides who is in a group from now on.", _text("issuer", "whose word")
    GROUP_UNTIED = (
        "group.untied",
        "An issuer's word no longer decides who is in a group.",
        _text("issuer", "whose word"),
    )
    TOKEN_CREATED = (
        "token.created",
        "An API token was made.",
        _text("name", "its owner's word for it"),
        _PREFIX,
        _EXPIRES,
    )
    TOKEN_REVOKED = "token.revoked", "An API token was revoked.", _PREFIX
    ROLE_GRANTED = "role.granted", "A role was assigned at a scope.", _PRINCIPAL, _ROLE
    ROLE_REVOKED = "role.revoked", "A role assignment was removed.", _PRINCIPAL, _ROLE
    ROLE_CREATED = "role.created", "A custom role was made.", _ROLE
    ROLE_CHANGED = "role.changed", "A custom role was changed.", _ROLE
    ROLE_DELETED = "role.deleted", "A custom role was deleted.", _ROLE
    POLICY_CREATED = "policy.created", "Data of one kind was given to some people only.", *_POLICY
    POLICY_CHANGED = "policy.changed", "Who reads data of one kind was changed.", *_POLICY
    POLICY_DELETED = "policy.deleted", "Data of one kind is no longer for some people only.", *_POLICY
    SCOPE_ADDED = "scope.added", "A scope was added to the tree.", _KIND
    SCOPE_MOVED = "scope.moved", "A scope was moved, and with it who inherits what.", _KIND
    SCOPE_REMOVED = "scope.removed", "A scope was removed.", _KIND
    INHERITANCE_CHANGED = "scope.inheritance_changed", "Inheritance was cut or restored.", _flag("cut", "it is cut now")
    ACCESS_DENIED = "access.denied", "Somebody asked for what they may not do.", _text("action", "what they asked for")
    SECRET_STORED = "secret.stored", "A secret was stored or replaced."
    SECRET_REMOVED = "secret.removed", "A secret was removed."
    SECRET_USED = "secret.used", "A secret was read to be used.", _PURPOSE
    SECRETS_ROTATED = (
        "secrets.rotated", "Secrets were encrypted anew.",
        _number("count", "how many"), _text("key_id", "the beginning of the new key's digest"),
    )  # fmt: skip
    SOURCE_ADDED = "source.added", "A source was registered.", _KIND, _ORIGIN
    SOURCE_CHANGED = "source.changed", "A source was changed.", _KIND, _ORIGIN
    SOURCE_TRUSTED = (
        "source.trusted", "A source's models were allowed to run code here, or no longer.",
        _KIND, _ORIGIN, _flag("trusted", "they are allowed now"),
    )  # fmt: skip
    SOURCE_REMOVED = "source.removed", "A source was removed.", _KIND, _ORIGIN
    CREDENTIAL_SET = "credential.set", "A credential for a source was set or replaced.", _CREDENTIAL, _PERSONAL
    CREDENTIAL_REMOVED = "credential.removed", "A credential for a source was removed.", _CREDENTIAL, _PERSONAL
    CREDENTIAL_USED = "credential.used", "A source's credential was used.", _CREDENTIAL, _PERSONAL, _PURPOSE
    CONNECTION_ADDED = "connection.added", "A connection was made.", _KIND, _ORIGIN
    CONNECTION_CHANGED = "connection.changed", "A connection was changed.", _KIND, _ORIGIN
    CONNECTION_REMOVED = "connection.removed", "A connection was removed.", _KIND, _ORIGIN
    CONNECTION_USED = "connection.used", "A connection's credential was used.", _KIND, _ORIGIN
    MODEL_INVOKED = (
        "model.invoked", "A model was asked for predictions.",
        _text("model", "the model's name"), _VERSION, _ROWS, _number("calls", "how many batches were sent"),
    )  # fmt: skip
    FUNCTION_SETTINGS_CHANGED = (
        "function.settings_changed", "What a model takes and gives was said by somebody, or how long answers hold.",
        _flag("schema_supplied", "a schema is supplied now"),
        _number("reuse_seconds", "how long answers hold; 0: they do not"),
    )  # fmt: skip
    DATAFLOW_SAVED = "dataflow.saved", "A dataflow's definition was saved.", _VERSION
    DATAFLOW_TAKEN_OVER = (
        "dataflow.taken_over", "A dataflow came to run with the rights of somebody else.",
        _VERSION, _text("previous_id", "whose rights it ran with before"),
    )  # fmt: skip
    DATAFLOW_REMOVED = "dataflow.removed", "A dataflow was removed."
    DATAFLOW_REFRESHED = "dataflow.refreshed", "A dataflow was refreshed.", _text("refresh_id", "which run"), _ROWS
    TABLE_READ = "table.read", "A published table was read.", _VERSION, _ROWS, _text("format", "as what")
    TABLE_SHARED = (
        "table.shared", "A published table was shared by a link.",
        _PRINCIPAL, _text("name", "what it is for"), _PREFIX, _EXPIRES,
        _number("columns", "how many columns; 0: all"), _ROWS,
    )  # fmt: skip
    SHARE_REVOKED = "table.share_revoked", "A link to a published table was revoked.", _PRINCIPAL, _PREFIX
    AUDIT_EXPORTED = "audit.exported", "The audit log was exported."
    AUDIT_RETAINED = (
        "audit.retained", "Old events were removed from the audit log.",
        _text("cutoff", "everything before it"), _number("count", "how many"),
    )  # fmt: skip

    BACKED_UP = "server.backed_up", "A backup was made.", _ROWS, _number("bytes", "how large it is")
    RESTORED = (
        "server.restored", "Everything before this came from a backup.",
        _text("made_at", "when the backup was made"), _ROWS,
    )  # fmt: skip

    def __init__(self, code: str, description: str, *fields: Field) -> None:
        self.code = code
        self.description = description
        self.fields: Mapping[str, Field] = {field.name: field for field in fields}
