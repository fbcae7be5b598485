"""The names of model functions: ``demo.arrival_delay``, ``demo.arrival_delay@1``, ``demo.arrival_delay@champion``.

A name is a registered source's, a dot, and a model's or a deployed model's; after an ``@`` a version number or an
alias. Without one, or with ``@latest``, it is the version with the highest number: what was registered last is what is
called, and whoever wants to decide about that pins an alias.
"""

from __future__ import annotations

from dataclasses import dataclass

from headwater.powerquery.language import quote_identifier

__all__ = ["ModelName"]

_LATEST = "latest"


@dataclass(frozen=True, slots=True)
class ModelName:
    """The parts of a model function's name; ``selector`` is a version, an alias, or empty for the latest version.

    >>> ModelName.parse("demo.arrival_delay@champion")
    ModelName(source='demo', model='arrival_delay', selector='champion')
    >>> ModelName.parse("Table") is None
    True
    """

    source: str
    model: str
    selector: str = ""

    @classmethod
    def parse(cls, name: str) -> ModelName | None:
        """The parts; None when it has no dot."""
        source, _, rest = name.partition(".")
        model, mark, selector = rest.rpartition("@")
        if not mark:
            model, selector = rest, ""
        return cls(source, model, "" if selector == _LATEST else selector) if source and model else None

    @property
    def version(self) -> str | None:
        """The selector where it is a version number."""
        return self.selector if self.selector.isdecimal() else None

    @property
    def alias(self) -> str | None:
        """The selector where it is an alias."""
        return self.selector if self.selector and not self.selector.isdecimal() else None

    @property
    def function(self) -> str:
        """The name as one text, which :meth:`parse` takes apart into the same.

        >>> ModelName("demo", "late@night").function
        'demo.late@night@latest'
        """
        selector = self.selector or (_LATEST if "@" in self.model else "")
        return f"{self.source}.{self.model}{'@' if selector else ''}{selector}"

    @property
    def identifier(self) -> str:
        """The name as M is written.

        >>> ModelName("demo", "arrival_delay").identifier, ModelName("demo", "late", "2").identifier
        ('demo.arrival_delay', '#"demo.late@2"')
        """
        return quote_identifier(self.function)
