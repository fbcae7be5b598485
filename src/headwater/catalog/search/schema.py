"""The index's fields, and how a document becomes an entry."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from headwater.catalog.search.documents import TEXT_FIELDS, SearchDocument, attribute_tokens, encode, text_values
from headwater.catalog.search.words import ANALYZER, fold

if TYPE_CHECKING:
    from tantivy import Document, Schema

__all__ = ["FORMAT", "entry", "marker", "schema"]

# Grows with every change of the fields or of what is written in them: an index of another number is built anew.
FORMAT = 1

# Tantivy leaves out longer tokens; names of that length are found by their words.
_LONGEST_NAME = 10_000


@lru_cache(maxsize=1)
def schema() -> Schema:
    """The fields: words, the whole name, attributes, and the record that rows are made of."""
    from tantivy import SchemaBuilder

    builder = SchemaBuilder()
    builder.add_unsigned_field("id", fast=True)
    # The number once more, as text: documents are deleted by it, which the library cannot do by a number.
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("sequence", indexed=True, fast=True)
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("attribute", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("record", stored=True)
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name=ANALYZER, index_option="position")
    return builder.build()


def entry(document: SearchDocument, sequence: int) -> Document:
    """A document as an entry of the index.

    Raises:
        ValueError: a number does not fit.
    """
    from tantivy import Document

    values: dict[str, Any] = {
        "id": document.id,
        "key": str(document.id),
        "sequence": sequence,
        "exact": fold(document.display_name)[:_LONGEST_NAME],
        "attribute": list(attribute_tokens(document)),
    }
    for name, text in text_values(document):
        values.setdefault(name, []).append(text)
    made = Document.from_dict(values, schema())
    made.add_bytes("record", encode(document).encode())
    return made


def marker(state: bytes) -> Document:
    """The entry that says up to where the index knows the database."""
    from tantivy import Document

    made = Document.from_dict({"kind": "state"}, schema())
    made.add_bytes("record", state)
    return made
