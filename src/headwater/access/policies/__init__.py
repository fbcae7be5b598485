"""Access policies: of data that is classified, labelled or named in one, only some people read it.

A role says where somebody may read tables (:func:`headwater.access.allowed`); a policy takes away from that. The one
question is :func:`restrictions`, and every way of reading rows asks it.
"""

from headwater.access.policies.marks import marks
from headwater.access.policies.records import (
    NewPolicy,
    Policy,
    PolicyChanges,
    Subject,
    change_policy,
    count_readers,
    create_policy,
    delete_policy,
    get_policy,
    list_policies,
    require_author,
)
from headwater.access.policies.restricting import UNRESTRICTED, Restriction, TableRef, readable_columns, restrictions

__all__ = [
    "UNRESTRICTED",
    "NewPolicy",
    "Policy",
    "PolicyChanges",
    "Restriction",
    "Subject",
    "TableRef",
    "change_policy",
    "count_readers",
    "create_policy",
    "delete_policy",
    "get_policy",
    "list_policies",
    "marks",
    "readable_columns",
    "require_author",
    "restrictions",
]
