"""What the index knows of an asset, and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from headwater.catalog.search.words import camel_words, clean, fold

__all__ = [
    "COLUMNS",
    "TEXT_FIELDS",
    "Record",
    "SearchDocument",
    "attribute_keys",
    "attribute_tokens",
    "encode",
    "fields",
    "milliseconds",
    "number_key",
    "split",
    "text_values",
]


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """An asset, as the search knows it.

    ``scope_id`` is what rights are asked of. ``types`` has the type and all above it, ``collections`` the collection
    and all above it. ``terms`` are pairs of a guid and ``Term@Glossary``, ``contacts`` of a kind (``owner``,
    ``expert``) and a person. ``attributes`` are scalars to filter by; a business attribute is ``Group.Attribute``.
    """

    id: int
    guid: str
    scope_id: int
    type_name: str
    display_name: str
    qualified_name: str
    created_at: datetime
    updated_at: datetime
    types: tuple[str, ...] = ()
    object_type: str = ""
    asset_type: str = ""
    collection: str = ""
    collections: tuple[str, ...] = ()
    source: str = ""
    description: str = ""
    columns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    classifications: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    sensitivity: str = ""
    terms: tuple[tuple[str, str], ...] = ()
    contacts: tuple[tuple[str, str], ...] = ()
    endorsement: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


# What is filtered and counted by: the column's name, and its values of a document.
COLUMNS: Mapping[str, Callable[[SearchDocument], tuple[str, ...]]] = {
    "collection": lambda document: (document.collection,),
    "collections": lambda document: document.collections,
    "source": lambda document: (document.source,),
    "type": lambda document: (document.type_name,),
    "types": lambda document: document.types,
    "objectType": lambda document: (document.object_type,),
    "assetType": lambda document: (document.asset_type,),
    "classification": lambda document: document.classifications,
    "label": lambda document: document.labels,
    "sensitivity": lambda document: (document.sensitivity,),
    "term": lambda document: tuple(name for _, name in document.terms),
    "termGuid": lambda document: tuple(guid for guid, _ in document.terms),
    "contact": lambda document: tuple(person for _, person in document.contacts),
    "owner": lambda document: _people(document, "owner"),
    "expert": lambda document: _people(document, "expert"),
    "endorsement": lambda document: (document.endorsement,),
    "fileExtension": lambda document: (_extension(document.display_name),),
    "termStatus": lambda document: _attribute(document, "termStatus"),
    "termTemplate": lambda document: _attribute(document, "termTemplate"),
}

# Fields of words; a keyword's field names are in keywords.py.
TEXT_FIELDS: Mapping[str, Callable[[SearchDocument], tuple[str, ...]]] = {
    "name": lambda document: (document.display_name,),
    "description": lambda document: (document.description,),
    "column": lambda document: document.columns,
    "tag": lambda document: document.tags,
    "qualified_name": lambda document: (document.qualified_name,),
    "classification": lambda document: document.classifications,
    "label": lambda document: (*document.labels, document.sensitivity),
    "term": lambda document: tuple(name for _, name in document.terms),
    "owner": lambda document: _people(document, "owner"),
    "expert": lambda document: _people(document, "expert"),
    "type": lambda document: (document.type_name, document.object_type, document.asset_type),
    "source": lambda document: (document.source,),
    "collection": lambda document: (document.collection,),
}
_CAMEL = frozenset({"name", "column"})
# Texts of one document alone; all others come again and again, and are prepared once.
_OWN = frozenset({"name", "qualified_name", "description"})
_folded_before = lru_cache(maxsize=50_000)(fold)

_FIELD, _VALUE = "\x1e", "\x1f"
_LONGEST_VALUE = 1_000


def _extension(name: str) -> str:
    """What follows the last dot of a file's name; "" where that is no short word.

    >>> _extension("Orders.CSV"), _extension("orders"), _extension("v1.2 of it")
    ('csv', '', '')
    """
    _, dot, extension = name.rpartition(".")
    return extension.lower() if dot and len(extension) <= 10 and extension.isalnum() else ""


def _people(document: SearchDocument, kind: str) -> tuple[str, ...]:
    return tuple(person for role, person in document.contacts if role.lower() == kind)


def _attribute(document: SearchDocument, name: str) -> tuple[str, ...]:
    value = document.attributes.get(name, ())
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)


def text_values(document: SearchDocument) -> Iterator[tuple[str, str]]:
    """The fields of words with each text that goes in, ready to be cut into words."""
    for name, read in TEXT_FIELDS.items():
        folded = fold if name in _OWN else _folded_before
        for value in read(document):
            if not value:
                continue
            yield name, folded(value)
            if name in _CAMEL and (parted := camel_words(value)):
                yield name, parted


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970; a time without a zone is taken to be in UTC.

    >>> milliseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def fields(record: str) -> list[str]:
    """A record's fields: those of its beginning, one a column of ``COLUMNS``, and the texts."""
    return record.split(_FIELD)


def split(joined: str) -> list[str]:
    """The values that :func:`encode` joined in one field."""
    return joined.split(_VALUE) if joined else []


@dataclass(frozen=True, slots=True)
class Record:
    """A record's texts, for highlights and corrections."""

    id: int
    name: str
    qualified_name: str
    description: str
    columns: tuple[str, ...]
    others: tuple[str, ...]

    @classmethod
    def decode(cls, record: str) -> Record:
        """Read what :func:`encode` wrote."""
        identity, _, _, _, _, name, qualified, *values = fields(record)
        description, columns, tags = values[len(COLUMNS) :]
        return cls(int(identity), name, qualified, description, tuple(split(columns)), (tags, *values[: len(COLUMNS)]))

    def texts(self) -> Iterator[str]:
        """Everything that is searched."""
        yield from (self.name, self.qualified_name, self.description)
        yield from self.columns
        yield from self.others


def encode(document: SearchDocument) -> str:
    """Write down what is kept of a document, beside its words."""
    parts = [
        str(document.id),
        str(document.scope_id),
        str(milliseconds(document.created_at)),
        str(milliseconds(document.updated_at)),
        clean(document.guid),
        clean(document.display_name),
        clean(document.qualified_name),
    ]
    parts.extend(_joined(read(document)) for read in COLUMNS.values())
    parts.extend((clean(document.description), _joined(document.columns), _joined(document.tags)))
    return _FIELD.join(parts)


@lru_cache(maxsize=50_000)
def _joined(values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return clean(values[0])
    return _VALUE.join(dict.fromkeys(clean(value) for value in values if value))


def attribute_tokens(document: SearchDocument) -> Iterator[str]:
    """What attribute filters look up: one token an attribute and value."""
    for name, value in document.attributes.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            yield from _attribute_token(name, item)
    if document.description:
        yield f"description{_VALUE}{attribute_keys(document.description)[0]}"


def _attribute_token(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and len(value) > 100:
        return _new_attribute_token(name, value)
    return _known_attribute_token(name, value) if isinstance(value, Hashable) else ()


def _new_attribute_token(name: str, value: Any) -> tuple[str, ...]:
    return tuple(f"{clean(name)}{_VALUE}{key}" for key in attribute_keys(value)[:1])


# Typed, because 1, 1.0 and True are equal and are not written alike.
_known_attribute_token = lru_cache(maxsize=50_000, typed=True)(_new_attribute_token)


def attribute_keys(value: Any) -> tuple[str, ...]:
    """How a value is written in a token; the first is its own, the others are what it may have been stored as.

    >>> attribute_keys("5") == ("s5", number_key(5))
    True
    >>> attribute_keys(None)
    ()
    """
    if isinstance(value, bool):
        return (f"s{str(value).lower()}",)
    if isinstance(value, datetime):
        return (number_key(milliseconds(value)),)
    if isinstance(value, int | float | Decimal):
        return (number_key(value), f"s{value}")
    if not isinstance(value, str):
        return ()
    own = "s" + _shortened(fold(value))
    try:
        return (own, number_key(Decimal(value.strip()))) if len(value) < 40 else (own,)
    except (ArithmeticError, ValueError):
        return (own,)


def _shortened(text: str) -> str:
    """Long text is told apart by its digest; what it contains is found in its beginning."""
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}\x1d{blake2b(text.encode(), digest_size=16).hexdigest()}"


def number_key(value: int | float | Decimal) -> str:
    """A number as text that sorts as numbers do, exact for every number there is.

    >>> sorted([3, -20, 0, 2.5, -3], key=number_key)
    [-20, -3, 0, 2.5, 3]
    >>> number_key(1) == number_key(1.0)
    True
    """
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        return f"n{'0' if number == Decimal('-Infinity') else '9'}{number}"
    if not number:
        return "n5"
    # Scientific form with the exponent first; for negative numbers everything is complemented.
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    exponent = number.adjusted() + 1_000_000
    if number > 0:
        return f"n6{exponent:08d}{digits}"
    complement = "".join(str(9 - int(digit)) for digit in digits)
    return f"n4{99_999_999 - exponent:08d}{complement}~"
