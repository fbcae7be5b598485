"""Writing down what rules suggest, beside what people have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.catalog.chunks import chunked
from headwater.catalog.classifying.judging import Suggestion
from headwater.catalog.writing import HEADWATER
from headwater.store import exclusive, tables

__all__ = ["put_suggestions"]

_kind = tables.asset_classifications.c
_RULE, _SUGGESTED, _REJECTED = "rule", "suggested", "rejected"


def put_suggestions(
    connection: Connection,
    found: Mapping[int, Sequence[Suggestion]],
    *,
    now: datetime,
    again: bool = False,
) -> int:
    """Make these what is suggested of columns, by number; returns how many are suggested of them then.

    What somebody accepted or rejected stays as it is; ``again`` suggests anew what was rejected. Suggestions that are
    not made any more go.
    """
    # People decide on suggestions in transactions that hold this, too.
    exclusive(connection, "catalog")
    made = 0
    for chunk in chunked(found):
        rows = connection.execute(select(tables.asset_classifications).where(_kind.asset_id.in_(chunk)))
        before = {(row.asset_id, row.type_name): row for row in rows}
        for number in chunk:
            wanted = {each.classification: each for each in found[number]}
            made += sum(
                _put(connection, number, each, before.get((number, name)), now=now, again=again)
                for name, each in wanted.items()
            )
            gone = [name for (of, name), row in before.items() if of == number and name not in wanted and _is_open(row)]
            if gone:
                these = (_kind.asset_id == number, _kind.type_name.in_(gone))
                connection.execute(delete(tables.asset_classifications).where(*these))
    return made


def _is_open(row: Any) -> bool:
    return bool(row.state == _SUGGESTED and row.by_what == _RULE)


def _put(
    connection: Connection, number: int, suggestion: Suggestion, before: Any, *, now: datetime, again: bool
) -> bool:
    """Suggest it, unless somebody has decided already; whether it is suggested then."""
    told = {"confidence": suggestion.confidence, "reason": suggestion.reason}
    anew = {"state": _SUGGESTED, "by_what": _RULE, "created_at": now, "created_by": HEADWATER}
    if before is None:
        key = {"asset_id": number, "type_name": suggestion.classification}
        connection.execute(insert(tables.asset_classifications).values(**key, **anew, **told))
        return True
    same = (_kind.asset_id == number, _kind.type_name == suggestion.classification)
    if _is_open(before):
        connection.execute(update(tables.asset_classifications).where(*same).values(told))
        return True
    if again and before.state == _REJECTED:
        connection.execute(update(tables.asset_classifications).where(*same).values(**anew, **told))
        return True
    return False
