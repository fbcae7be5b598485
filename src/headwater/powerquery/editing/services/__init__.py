"""What an editor of M asks while somebody types. The text may be anything; offsets count characters."""

from headwater.powerquery.editing.services.completion import Completion, completions
from headwater.powerquery.editing.services.diagnostics import Finding, diagnostics
from headwater.powerquery.editing.services.explaining import Hover, SignatureHelp, hover, signature_help
from headwater.powerquery.editing.services.naming import Target, references, rename, rename_target
from headwater.powerquery.editing.services.outline import (
    DocumentSymbol,
    FoldingRange,
    SemanticToken,
    document_symbols,
    folding_ranges,
    semantic_tokens,
)
from headwater.powerquery.editing.services.surroundings import ModelFunction, Surroundings
from headwater.powerquery.language import format_document

__all__ = [
    "Completion",
    "DocumentSymbol",
    "Finding",
    "FoldingRange",
    "Hover",
    "ModelFunction",
    "SemanticToken",
    "SignatureHelp",
    "Surroundings",
    "Target",
    "completions",
    "diagnostics",
    "document_symbols",
    "folding_ranges",
    "format_document",
    "hover",
    "references",
    "rename",
    "rename_target",
    "semantic_tokens",
    "signature_help",
]
