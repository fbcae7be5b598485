"""The M language as text and tree: lexer, parser, printer and formatter. The nodes are in :mod:`.syntax`.

>>> tree = parse_expression("(1 + 2) * [Price]")
>>> print_expression(tree)
'(1 + 2) * [Price]'
"""

from headwater.powerquery.language.formatter import format_document
from headwater.powerquery.language.lexer import Comment, LineIndex, Token, TokenKind, is_regular_identifier, tokenize
from headwater.powerquery.language.parser import parse_document, parse_expression
from headwater.powerquery.language.printer import print_expression, quote_field_name, quote_identifier, quote_text
from headwater.powerquery.language.syntax import children, walk

__all__ = [
    "Comment",
    "LineIndex",
    "Token",
    "TokenKind",
    "children",
    "format_document",
    "is_regular_identifier",
    "parse_document",
    "parse_expression",
    "print_expression",
    "quote_field_name",
    "quote_identifier",
    "quote_text",
    "tokenize",
    "walk",
]
