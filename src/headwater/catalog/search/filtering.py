"""Which rows a filter lets through."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.catalog.search.documents import attribute_keys
from headwater.catalog.search.filters import (
    And,
    Attribute,
    Between,
    Filter,
    Identified,
    Not,
    Or,
    TermNamed,
    Under,
    ValueIn,
)
from headwater.catalog.search.schema import schema
from headwater.catalog.search.view import View
from headwater.catalog.search.words import clean, fold
from headwater.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tantivy import Query

__all__ = ["Filtering"]

_SEPARATOR = "\x1f"


class Filtering:
    """Filters over a view's rows. Rows of no document may be let through: who asks looks at readable ones only."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._rows = view.rows

    def mask(self, tree: Filter) -> NDArray[np.bool_]:
        """Which rows pass.

        Raises:
            UsageError: an operator does not go with its value.
        """
        if isinstance(tree, And | Or):
            return self._combined(tree)
        if isinstance(tree, Not):
            return ~self.mask(tree.part)
        if isinstance(tree, ValueIn):
            return self._rows.columns[tree.column].having_one_of(tree.values, self._rows.used)
        if isinstance(tree, Under):
            below = f"{tree.value}."
            return self._having(tree.column, lambda value: value == tree.value or value.startswith(below))
        if isinstance(tree, TermNamed):
            return self._having("term", lambda value: _is_term(value, tree))
        if isinstance(tree, Identified):
            return self._texts(self._rows.guids, lambda guid: guid in tree.guids)
        if isinstance(tree, Between):
            return self._between(tree)
        return self._attribute(tree)

    def _combined(self, tree: And | Or) -> NDArray[np.bool_]:
        masks = [self.mask(part) for part in tree.parts]
        found = masks[0]
        for mask in masks[1:]:
            found = found & mask if isinstance(tree, And) else found | mask
        return found

    def _having(self, column: str, wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
        return self._rows.columns[column].having(wanted, self._rows.used)

    def _texts(self, texts: list[str], wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
        import numpy as np

        return np.fromiter(map(wanted, texts), dtype=np.bool_, count=self._rows.used)

    def _between(self, tree: Between) -> NDArray[np.bool_]:
        import numpy as np

        times = self._rows.created if tree.column == "created" else self._rows.updated
        found = np.ones(self._rows.used, dtype=np.bool_)
        if tree.lower is not None:
            found &= times >= tree.lower
        if tree.upper is not None:
            found &= times < tree.upper
        return found

    def _attribute(self, tree: Attribute) -> NDArray[np.bool_]:
        import numpy as np

        own = {"name": self._rows.names, "displayName": self._rows.names, "qualifiedName": self._rows.qualified_names}
        if tree.name in own:
            return self._texts(own[tree.name], _text_test(tree))
        matched = self._view.match(("attribute", tree), lambda: self._attribute_query(tree))
        found = np.zeros(self._rows.used, dtype=np.bool_)
        found[matched.rows] = True
        return found

    def _attribute_query(self, tree: Attribute) -> Query | None:
        """The values that an attribute has are few: those that pass are looked for."""
        from tantivy import Query

        start = f"{clean(tree.name)}{_SEPARATOR}"
        if tree.operator == "eq":
            tokens = [f"{start}{key}" for key in attribute_keys(tree.value)]
        else:
            test = _key_test(tree)
            terms = self._view.searcher.terms_with_prefix("attribute", start)
            tokens = [token for token, _ in terms if test(token[len(start) :])]
        return Query.term_set_query(schema(), "attribute", tokens) if tokens else None


def _is_term(value: str, wanted: TermNamed) -> bool:
    name, _, glossary = value.rpartition("@")
    if wanted.glossary:
        return name == wanted.name and glossary == wanted.glossary
    return wanted.name in (name, value)


def _text_test(tree: Attribute) -> Callable[[str], bool]:
    """How a name, which is text always, compares."""
    value = fold(str(tree.value))
    tests: dict[str, Callable[[str], bool]] = {
        "eq": lambda text: text == value,
        "contains": lambda text: value in text,
        "prefix": lambda text: text.startswith(value),
        "gt": lambda text: text > value,
        "ge": lambda text: text >= value,
        "lt": lambda text: text < value,
        "le": lambda text: text <= value,
    }
    return tests[tree.operator]


def _key_test(tree: Attribute) -> Callable[[str], bool]:
    """How an attribute's key compares: text with text, numbers with numbers."""
    if tree.operator in ("contains", "prefix"):
        test = _text_test(tree)
        return lambda key: key[0] == "s" and test(key[1:])
    keys = attribute_keys(tree.value)
    # A number is never put in order with text; text that is a number is, with numbers.
    ordered = [key for key in keys if key[0] == "n" or isinstance(tree.value, str | bool)]
    if not ordered:
        raise UsageError("An attribute cannot be compared with that value.", hint="Give a number or text.")
    compares: dict[str, Callable[[str, str], bool]] = {
        "gt": lambda key, bound: key > bound,
        "ge": lambda key, bound: key >= bound,
        "lt": lambda key, bound: key < bound,
        "le": lambda key, bound: key <= bound,
    }
    compare = compares[tree.operator]
    return lambda key: any(key[0] == bound[0] and compare(key, bound) for bound in ordered)
