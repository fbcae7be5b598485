"""What makes two calls the same call."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.models.fingerprint import call_description, call_fingerprint
from headwater.models.schemas.mlflow import from_mlflow

INPUTS = [{"name": "a", "type": "double"}, {"name": "b", "type": "long"}]
OUTPUTS = [{"name": "p", "type": "double"}]
PARAMS = [{"name": "t", "type": "double", "default": 0.5}]


def fingerprint(
    identity: str = "mlflow://h:1#m-1#sha256:0",
    inputs: Any = INPUTS,
    outputs: Any = OUTPUTS,
    params: Any = PARAMS,
    **call: Any,
) -> str:
    return call_fingerprint(call_description(identity, from_mlflow(inputs, outputs, params), call))


def test_it_is_the_same_for_ever() -> None:
    """A change here means that every prediction ever stored would be scored again."""
    assert fingerprint() == "a7b63729a41e9edce4b933304b36312b93cbd3826fb7d6840415893dd344012a"


@pytest.mark.parametrize(
    "other",
    [
        {"identity": "mlflow://h:1#m-2#sha256:0"},
        {"inputs": INPUTS[::-1]},
        {"inputs": [INPUTS[0], {"name": "b", "type": "integer"}]},
        {"inputs": [INPUTS[0], {"name": "b", "type": "long", "required": False}]},
        {"inputs": [INPUTS[0], {"name": "c", "type": "long"}]},
        {"outputs": [{"name": "p", "type": "float"}, {"name": "q", "type": "float"}]},
        {"outputs": [{"name": "q", "type": "double"}]},
        {"params": [{"name": "t", "type": "double", "default": 0.6}]},
        {"t": 0.6},
    ],
    ids=str,
)
def test_it_differs_where_the_call_does(other: dict[str, Any]) -> None:
    assert fingerprint(**other) != fingerprint()


def test_a_param_set_to_its_default_is_the_same_call() -> None:
    assert fingerprint(t=0.5) == fingerprint()
