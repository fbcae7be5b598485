"""The M language, usable on its own: evaluate text, look at plans, write canonical text.

>>> to_text(evaluate("List.Sum({1, 2, 3}) * 2"))
'12'
"""

from headwater.powerquery.api import Explanation, evaluate, explain, to_arrow, to_text
from headwater.powerquery.evaluator.program import evaluate_queries
from headwater.powerquery.evaluator.session import Session, Unfolded
from headwater.powerquery.tables.batching import batch_function_value

__all__ = [
    "Explanation",
    "Session",
    "Unfolded",
    "batch_function_value",
    "evaluate",
    "evaluate_queries",
    "explain",
    "to_arrow",
    "to_text",
]
