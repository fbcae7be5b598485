"""The ribbon's commands. Importing this package declares all of them."""

# What is declared first is recognised first: a column of any formula is the last.
from headwater.powerquery.editing.commands import declared_rows, declared_values  # noqa: F401, I001
from headwater.powerquery.editing.commands import declared_columns  # noqa: F401
from headwater.powerquery.editing.commands.registry import (
    COMMANDS,
    Command,
    Parameter,
    Recognised,
    recognise,
    write_step,
)

__all__ = ["COMMANDS", "Command", "Parameter", "Recognised", "recognise", "write_step"]
