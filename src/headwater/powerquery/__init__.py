"""The M language, usable on its own: evaluate text, look at plans, write canonical text.

>>> to_text(evaluate("List.Sum({1, 2, 3}) * 2"))
'12'
"""

from headwater.powerquery.api import Explanation, evaluate, explain, to_arrow, to_plan_table, to_text
from headwater.powerquery.evaluator.limits import Limits
from headwater.powerquery.evaluator.program import evaluate_queries
from headwater.powerquery.evaluator.run import Running, on_deep_stack
from headwater.powerquery.evaluator.session import Session, Unfolded
from headwater.powerquery.tables.batching import batch_function_value
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.values.core import Value

__all__ = [
    "Explanation",
    "Limits",
    "PlanTable",
    "Running",
    "Session",
    "Unfolded",
    "Value",
    "batch_function_value",
    "evaluate",
    "evaluate_queries",
    "explain",
    "on_deep_stack",
    "to_arrow",
    "to_plan_table",
    "to_text",
]
