"""Writes docs/reference from the code: ``python tools/reference.py``. A test fails when the two differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
NOTICE = "<!-- Made from the code by tools/reference.py: change that, not this. -->\n"


def errors_page() -> str:
    """The error tree with each class's code."""
    from headwater import errors

    lines = ["# Errors", "", NOTICE, "Every error Headwater raises, with its default code:", "", "| class | code | |"]
    lines.append("|---|---|---|")

    def walk(of: type[errors.HeadwaterError], depth: int) -> Iterator[str]:
        text = " ".join((of.__doc__ or "").split("\n\n")[0].split()) if "__doc__" in vars(of) else ""
        yield f"| {'&nbsp;' * 4 * depth}`{of.__name__}` | `{of.default_code}` | {text} |"
        for child in of.__subclasses__():
            yield from walk(child, depth + 1)

    lines += walk(errors.HeadwaterError, 0)
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its options, as ``--help`` has them."""
    import typer.main

    from headwater.cli.main import app

    lines = ["# The command line", "", NOTICE]

    def describe(command: Any, name: str) -> None:
        lines.extend([f"## `{name}`", "", " ".join((command.help or "").split()), ""])
        rows = [f"| `{_label(parameter)}` | {_text(parameter)} |" for parameter in command.params if _shown(parameter)]
        if rows:
            lines.extend(["| | |", "|---|---|", *rows, ""])
        for child, sub in sorted(getattr(command, "commands", {}).items()):
            describe(sub, f"{name} {child}")

    describe(typer.main.get_command(app), "headwater")
    return "\n".join(lines)


def _shown(parameter: Any) -> bool:
    return bool(parameter.name != "help")


def _label(parameter: Any) -> str:
    return ", ".join(parameter.opts) if parameter.param_type_name == "option" else str(parameter.name).upper()


def _text(parameter: Any) -> str:
    text = " ".join((getattr(parameter, "help", None) or "").split())
    default = parameter.default
    plain = isinstance(default, str | int | Path) and not isinstance(default, bool) and str(default) != ""
    return f"{text} Default: `{default}`." if plain else text


def library_page() -> str:
    """Every function of the M library: signature, documentation, whether it folds."""
    from headwater.powerquery.library import registry

    library = registry()
    lines = ["# The M library", "", NOTICE]
    lines.append(f"{len(library.functions)} functions and {len(library.constants)} constants are there so far.\n")
    categories: dict[str, list[str]] = {}
    for name in sorted(library.functions):
        categories.setdefault(name.partition(".")[0] if "." in name else "#", []).append(name)
    for category, names in sorted(categories.items()):
        lines.extend([f"## {category}", ""])
        for name in names:
            declared = library.functions[name]
            folds = " Folds." if declared.fold is not None else ""
            lines.append(f"- `{' '.join(declared.signature.split())}`: {declared.summary}{folds}")
        lines.append("")
    return "\n".join(lines)


def operators_page() -> str:
    """The operators and aggregates of a plan, and what the bundled engine folds."""
    from headwater.engines import load_engine
    from headwater.engines.postgresql import FOLDED_AGGREGATES, FOLDED_OPERATORS
    from headwater.plan.operators import AGGREGATES, OPERATORS

    engine = load_engine("duckdb")
    lines = ["# What folds", "", NOTICE, "The last column says what runs in a PostgreSQL database itself.", ""]
    lines += ["| operator | meaning | DuckDB | PostgreSQL |", "|---|---|---|---|"]
    for operator in OPERATORS.values():
        name = operator.name.replace("|", "\\|")
        lines.append(f"| `{name}` | {operator.summary} | {_folds(operator.name, engine.folds, FOLDED_OPERATORS)} |")
    lines += ["", "| aggregate | meaning | DuckDB | PostgreSQL |", "|---|---|---|---|"]
    for aggregate in AGGREGATES.values():
        folds = _folds(aggregate.name, engine.aggregates, FOLDED_AGGREGATES)
        lines.append(f"| `{aggregate.name}` | {aggregate.summary} | {folds} |")
    engine.close()
    return "\n".join(lines) + "\n"


def _folds(name: str, *declared: frozenset[str]) -> str:
    return " | ".join("yes" if name in one else "no" for one in declared)


def unavailable_page() -> str:
    """The functions of services that cannot be had here, and what to use instead."""
    from headwater.powerquery.library.data.unavailable import UNAVAILABLE

    lines = ["# What is not available", "", NOTICE]
    lines.append("These functions are declared, and answer `DataSource.NotFound` with what to use instead.")
    lines += ["", "| function | reaches | instead |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {one.reaches} | {one.instead} |" for one in UNAVAILABLE]
    return "\n".join(lines) + "\n"


def access_page() -> str:
    """Actions, built-in roles with what they come to, and the events of the audit log."""
    from headwater.access import Action
    from headwater.access.events import Event

    lines = [
        "# Actions, roles, audit events",
        "",
        NOTICE,
        "## Actions",
        "",
        "| action | whoever has it may |",
        "|---|---|",
    ]
    lines += [f"| `{action.value}` | {action.description} |" for action in Action]
    lines += ["", "## Built-in roles", "", *_built_in_roles()]
    lines += ["## Audit events", "", "Beside when, who, by what, from where, at what and how it ended:", ""]
    lines += ["| event | meaning | fields |", "|---|---|---|"]
    for event in Event:
        fields = "; ".join(f"`{field.name}`: {field.description}" for field in event.fields.values())
        lines.append(f"| `{event.code}` | {event.description} | {fields} |")
    return "\n".join(lines) + "\n"


def _built_in_roles() -> Iterator[str]:
    from headwater.access.actions import matching
    from headwater.access.builtin_roles import BUILT_IN_ROLES

    for role in BUILT_IN_ROLES:
        less = f" less {_patterns(role.not_actions)}" if role.not_actions else ""
        allows = sorted(action.value for action in matching(role.actions) - matching(role.not_actions))
        yield from (f"### {role.name}", "", role.description, "")
        yield f"Defined as {_patterns(role.actions)}{less}, which comes to: {', '.join(allows)}."
        yield ""


def _patterns(patterns: tuple[str, ...]) -> str:
    return ", ".join(f"`{pattern}`" for pattern in patterns)


PAGES: dict[str, Callable[[], str]] = {
    "access.md": access_page,
    "errors.md": errors_page,
    "command-line.md": commands_page,
    "m-library.md": library_page,
    "folding.md": operators_page,
    "unavailable.md": unavailable_page,
}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
