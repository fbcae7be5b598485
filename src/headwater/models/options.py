"""What a call of a model can be told beside its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from headwater.errors import UsageError
from headwater.models.signature import ModelParam, Signature

__all__ = ["OPTION_NAMES", "CallOptions", "OnError"]

OnError: TypeAlias = Literal["error", "null", "fail"]
"""What becomes of a row that cannot be scored: an error in its cell, null, or the end of the whole run."""

#: The options as M, JSON and the command line call them, with a sentence for whoever reads about them.
OPTION_NAMES: Mapping[str, str] = {
    "Params": "a record of the model's own settings, by name",
    "OnError": 'what becomes of a row that fails: "error" (an error in its cell), "null", or "fail" (everything stops)',
    "BatchSize": "the most rows in one call of the model",
    "IncludeModel": "true adds ModelVersion and ScoredAt to the result, which then is a record",
    "Rescore": "true scores what was scored before anew",
}


@dataclass(frozen=True, slots=True)
class CallOptions:
    """``params`` are the model's settings that differ from its defaults; ``batch_rows`` None leaves it to the scorer.

    ``include_model`` adds the model's version and the moment of scoring to each result; ``rescore`` looks up nothing.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    on_error: OnError = "error"
    batch_rows: int | None = None
    include_model: bool = False
    rescore: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any], signature: Signature, function: str) -> CallOptions:
        """The options by their names in M; null counts as not given.

        Raises:
            UsageError: there is no such option or param, or its value is of another kind.

        >>> from headwater.models.schemas.mlflow import from_mlflow
        >>> signature = from_mlflow([{"name": "x", "type": "double"}], [{"type": "double"}])
        >>> CallOptions.read({"OnError": "null", "BatchSize": 100.0}, signature, "demo.m").batch_rows
        100
        """
        known = {name: value for name, value in given.items() if value is not None}
        unknown = sorted(known.keys() - OPTION_NAMES.keys())
        if unknown:
            raise _misused(function, f"has no option '{unknown[0]}'", f"Its options are {', '.join(OPTION_NAMES)}.")
        return cls(
            params=_params(known.get("Params", {}), signature, function),
            on_error=_on_error(known.get("OnError", "error"), function),
            batch_rows=_batch_rows(known.get("BatchSize"), function),
            include_model=_logical(known, "IncludeModel", function),
            rescore=_logical(known, "Rescore", function),
        )


def _params(given: Any, signature: Signature, function: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise _misused(function, "takes its Params as a record", 'Write them as [Params = [name = "value"]].')
    known = {param.name: param for param in signature.params}
    for name in given:
        if name not in known:
            listed = f"They are {', '.join(known)}." if known else "The model declares none."
            raise _misused(function, f"has no param '{name}'", listed)
    return {name: _param(known[name], value, function) for name, value in given.items()}


def _param(param: ModelParam, value: Any, function: str) -> Any:
    if not param.is_list:
        return _scalar(param, value, function)
    if not isinstance(value, list | tuple):
        raise _misused(function, f"takes a list for the param '{param.name}'", "Put braces around the value.")
    return [_scalar(param, item, function) for item in value]


def _scalar(param: ModelParam, value: Any, function: str) -> Any:
    """A value as the model declares it; M has one kind of number."""
    wanted = _KINDS.get(param.type)
    fits = wanted is None or (isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool)))
    whole = param.type in _WHOLE
    if not fits or (whole and float(value) != int(value)):
        raise _misused(function, f"takes {param.type} for the param '{param.name}'", "Give a value of that type.")
    if whole:
        return int(value)
    return float(value) if param.type in {"float", "double"} else value


_WHOLE = frozenset({"integer", "long"})
_KINDS: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    **dict.fromkeys(("integer", "long", "float", "double"), (int, float)),
    "string": (str,),
}


def _on_error(value: Any, function: str) -> OnError:
    for known in get_args(OnError):
        if value == known:
            found: OnError = known
            return found
    raise _misused(function, "does not know what OnError says", f"It is one of {', '.join(get_args(OnError))}.")


def _batch_rows(value: Any, function: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 1:
        raise _misused(function, "takes a whole number of rows as BatchSize", "Give 1 or more.")
    return int(value)


def _logical(given: Mapping[str, Any], name: str, function: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise _misused(function, f"takes true or false for {name}", "Give one of them.")
    return value


def _misused(function: str, what: str, hint: str) -> UsageError:
    return UsageError(f"{function} {what}.", code="model.option", place=function, hint=hint)
