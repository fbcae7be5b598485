"""What a service takes and gives, and in which form: a signature with the form of its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from headwater.errors import SchemaError
from headwater.models.forms.base import ServiceForm
from headwater.models.forms.described import Answered, DescribedForm, JsonForm, ParamPlace, Sent
from headwater.models.forms.layouts import LAYOUTS
from headwater.models.schemas.stored import signature_from_json, signature_to_json
from headwater.models.signature import Signature

__all__ = ["ServiceSchema"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class ServiceSchema:
    """A service as a function: ``signature`` is what it takes and gives, ``form`` how that is written down."""

    signature: Signature
    form: JsonForm

    def service_form(self) -> ServiceForm:
        """What writes batches as requests to the service, and reads its answers."""
        return DescribedForm(self.form, self.signature)

    def describe(self) -> str:
        """The form in words, for people."""
        return self.form.describe()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, to be stored."""
        sent, answered = self.form.sent, self.form.answered
        return {
            "version": _VERSION,
            "signature": signature_to_json(self.signature),
            "sent": {
                "path": list(sent.path),
                "layout": sent.layout,
                "template": dict(sent.template),
                "params": [[place.name, list(place.path)] for place in sent.params],
                "omit": list(sent.omit),
                "zone": sent.zone,
                "non_finite": sent.non_finite,
                "query": sent.query,
                "method": sent.method,
            },
            "answered": {"path": list(answered.path), "layout": answered.layout, "text": answered.text},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What :meth:`to_json` gave.

        Raises:
            SchemaError: it did not give this, or that of a later version did.
        """
        version = content.get("version") if isinstance(content, Mapping) else None
        if version != _VERSION:
            raise _unreadable("of a version that is not known here" if isinstance(version, int) else "none")
        try:
            form = JsonForm(_sent(content["sent"]), _answered(content["answered"]))
            signature = content["signature"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _unreadable("incomplete, or of another form") from error
        return cls(signature_from_json(signature), form)


def _sent(content: Mapping[str, Any]) -> Sent:
    if content["layout"] not in LAYOUTS or not isinstance(content["template"], Mapping):
        raise ValueError("no form")
    return Sent(
        path=_path(content["path"]),
        layout=content["layout"],
        template=dict(content["template"]),
        params=tuple(ParamPlace(str(name), _path(path)) for name, path in content["params"]),
        omit=_path(content["omit"]),
        zone=str(content["zone"]),
        non_finite=bool(content["non_finite"]),
        query=str(content["query"]),
        method=str(content["method"]),
    )


def _answered(content: Mapping[str, Any]) -> Answered:
    if content["layout"] not in LAYOUTS:
        raise ValueError("no form")
    return Answered(_path(content["path"]), content["layout"], bool(content["text"]))


def _path(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list):
        raise TypeError("no path")
    return tuple(str(name) for name in names)


def _unreadable(why: str) -> SchemaError:
    return SchemaError(
        f"The stored schema of a service is {why}.",
        code="model.schema.stored",
        hint="Let the service's description be read again, or supply the schema again.",
    )
