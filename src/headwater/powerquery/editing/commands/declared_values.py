"""Commands that compute a value from a value: each transforms columns, or adds one beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headwater.powerquery.editing.commands.forms import Each, Form, Variant
from headwater.powerquery.editing.commands.kinds import CELLS, COLUMN, COLUMNS, INTEGER, NUMBER, TEXT, Kind
from headwater.powerquery.editing.commands.registry import Parameter, Tab, add_command

_DIRECT = re.compile(r"([\w.]+)\(value\)")
_DATES = ("date", "datetime", "datetimezone")
_TIMES = ("time", "datetime", "datetimezone")


@dataclass(frozen=True)
class _Scalar:
    """A computation of one value: its name, what people read, its formula of ``value``, and the type it gives."""

    name: str
    label: str
    formula: str
    type: str
    group: str
    column_kinds: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    done: str = ""

    def declare(self) -> None:
        """The command that transforms columns and the one that adds one."""
        kinds = {each.name: each.kind for each in self.parameters}
        self._transforming(kinds)
        self._adding()

    def _transforming(self, kinds: dict[str, Kind]) -> None:
        direct = _DIRECT.fullmatch(self.formula)
        applied = direct[1] if direct else "each " + re.sub(r"\bvalue\b", "_", self.formula)
        # Power Query writes a function of one argument without "each".
        item = Form({"column": COLUMN, **kinds}, (Variant(f"{{column, {applied}, {self.type}}}"),))
        add_command(
            f"transform.{self.name}",
            self.label,
            "Table.TransformColumns(previous, operations)",
            place=("transform", self.group),
            step=self.done or f"Calculated {self.label}",
            parameters=[Parameter("columns", COLUMNS, "Columns"), *self.parameters],
            spread={"operations": Each(item)},
            column_kinds=self.column_kinds,
        )

    def _adding(self) -> None:
        place: tuple[Tab, str] = ("add column", "From " + self.group.split()[0].lower())
        formula = re.sub(r"\bvalue\b", "[column]", self.formula)
        add_command(
            f"add.{self.name}",
            self.label,
            f"Table.AddColumn(previous, name, each {formula}, {self.type})",
            place=place,
            step=f"Inserted {self.label}",
            parameters=[
                Parameter("column", COLUMN, "Column"),
                *self.parameters,
                Parameter("name", TEXT, "New column name", default=self.label),
            ],
            column_kinds=self.column_kinds,
        )


def _text(name: str, label: str, formula: str, *parameters: Parameter, type: str = "type text", done: str = "") -> None:
    _Scalar(name, label, formula, type, "Text column", ("text",), parameters, done).declare()


def _number(name: str, label: str, formula: str, *parameters: Parameter, type: str = "type number") -> None:
    _Scalar(name, label, formula, type, "Number column", ("number",), parameters).declare()


def _date(name: str, label: str, formula: str, type: str, kinds: tuple[str, ...] = _DATES) -> None:
    _Scalar(name, label, formula, type, "Date and time column", kinds).declare()


# -- text --------------------------------------------------------------------------------------------------------------

_COUNT = Parameter("count", INTEGER, "Count")
_DELIMITER = Parameter("delimiter", TEXT, "Delimiter")

_text("lowercase", "Lowercase", "Text.Lower(value)", done="Lowercased Text")
_text("uppercase", "Uppercase", "Text.Upper(value)", done="Uppercased Text")
_text("capitalize", "Capitalize Each Word", "Text.Proper(value)", done="Capitalized Each Word")
_text("trim", "Trim", "Text.Trim(value)", done="Trimmed Text")
_text("clean", "Clean", "Text.Clean(value)", done="Cleaned Text")
_text("prefix", "Prefix", "prefix & value", Parameter("prefix", TEXT, "Prefix"), done="Added Prefix")
_text("suffix", "Suffix", "value & suffix", Parameter("suffix", TEXT, "Suffix"), done="Added Suffix")
_text("length", "Length", "Text.Length(value)", type="Int64.Type", done="Calculated Text Length")
_text("first", "First Characters", "Text.Start(value, count)", _COUNT, done="Extracted First Characters")
_text("last", "Last Characters", "Text.End(value, count)", _COUNT, done="Extracted Last Characters")
_text(
    "range",
    "Text Range",
    "Text.Middle(value, start, count)",
    Parameter("start", INTEGER, "Starting index"),
    _COUNT,
    done="Extracted Text Range",
)
_text(
    "before",
    "Text Before Delimiter",
    "Text.BeforeDelimiter(value, delimiter)",
    _DELIMITER,
    done="Extracted Text Before Delimiter",
)
_text(
    "after",
    "Text After Delimiter",
    "Text.AfterDelimiter(value, delimiter)",
    _DELIMITER,
    done="Extracted Text After Delimiter",
)
_text(
    "between",
    "Text Between Delimiters",
    "Text.BetweenDelimiters(value, start_delimiter, end_delimiter)",
    Parameter("start_delimiter", TEXT, "Start delimiter"),
    Parameter("end_delimiter", TEXT, "End delimiter"),
    done="Extracted Text Between Delimiters",
)

# -- numbers -----------------------------------------------------------------------------------------------------------

_BY = Parameter("operand", NUMBER, "Value")

_number("round", "Round", "Number.Round(value, digits)", Parameter("digits", INTEGER, "Decimal places"))
_number("round_up", "Round Up", "Number.RoundUp(value)", type="Int64.Type")
_number("round_down", "Round Down", "Number.RoundDown(value)", type="Int64.Type")
_number("absolute", "Absolute Value", "Number.Abs(value)")
_number("add", "Addition", "value + operand", _BY)
_number("subtract", "Subtraction", "value - operand", _BY)
_number("multiply", "Multiplication", "value * operand", _BY)
_number("divide", "Division", "value / operand", _BY)
_number("integer_divide", "Integer-Division", "Number.IntegerDivide(value, operand)", _BY)
_number("modulo", "Modulo", "Number.Mod(value, operand)", _BY)
_number("percentage", "Percent Of", "value / operand * 100", _BY)
_number("power", "Power", "Number.Power(value, operand)", _BY)
_number("square_root", "Square Root", "Number.Sqrt(value)")
_number("exponent", "Exponent", "Number.Exp(value)")
_number("logarithm", "Natural Logarithm", "Number.Ln(value)")
_number("logarithm10", "Base-10 Logarithm", "Number.Log10(value)")
_number("sign", "Sign", "Number.Sign(value)", type="Int64.Type")
_number("is_even", "Is Even", "Number.IsEven(value)", type="type logical")
_number("is_odd", "Is Odd", "Number.IsOdd(value)", type="type logical")

# -- dates and times ---------------------------------------------------------------------------------------------------

for _part in ("Year", "Month", "Day"):
    _date(_part.lower(), _part, f"Date.{_part}(value)", "Int64.Type")
_date("quarter", "Quarter", "Date.QuarterOfYear(value)", "Int64.Type")
_date("week_of_year", "Week of Year", "Date.WeekOfYear(value)", "Int64.Type")
_date("week_of_month", "Week of Month", "Date.WeekOfMonth(value)", "Int64.Type")
_date("day_of_week", "Day of Week", "Date.DayOfWeek(value)", "Int64.Type")
_date("day_of_year", "Day of Year", "Date.DayOfYear(value)", "Int64.Type")
_date("days_in_month", "Days in Month", "Date.DaysInMonth(value)", "Int64.Type")
_date("month_name", "Month Name", "Date.MonthName(value)", "type text")
_date("day_name", "Day Name", "Date.DayOfWeekName(value)", "type text")
for _period in ("Year", "Quarter", "Month", "Week"):
    _date(f"start_of_{_period.lower()}", f"Start of {_period}", f"Date.StartOf{_period}(value)", "type date", ("date",))
    _date(f"end_of_{_period.lower()}", f"End of {_period}", f"Date.EndOf{_period}(value)", "type date", ("date",))
_date("date", "Date", "DateTime.Date(value)", "type date", ("datetime", "datetimezone"))
_date("time", "Time", "DateTime.Time(value)", "type time", ("datetime", "datetimezone"))
_date("hour", "Hour", "Time.Hour(value)", "Int64.Type", _TIMES)
_date("minute", "Minute", "Time.Minute(value)", "Int64.Type", _TIMES)
_date("second", "Second", "Time.Second(value)", "type number", _TIMES)

_date("age", "Age", "Date.From(DateTime.LocalNow()) - value", "type duration", ("date",))
for _part in ("Days", "Hours", "Minutes", "Seconds"):
    _name, _kinds = f"duration_{_part.lower()}", ("duration",)
    _date(_name, _part, f"Duration.{_part}(value)", "Int64.Type" if _part != "Seconds" else "type number", _kinds)
    _date(f"total_{_part.lower()}", f"Total {_part}", f"Duration.Total{_part}(value)", "type number", _kinds)

# -- several columns of a row ------------------------------------------------------------------------------------------


def _row(name: str, label: str, formula: str, of: tuple[str, ...], type: str, *parameters: Parameter) -> None:
    add_command(
        f"add.row_{name}",
        label,
        f"Table.AddColumn(previous, name, each {formula}, {type})",
        place=("add column", "From text" if of == ("text",) else "From number"),
        step=f"Inserted {label}",
        parameters=[
            Parameter("columns", CELLS, "Columns"),
            *parameters,
            Parameter("name", TEXT, "New column name", default=label),
        ],
        column_kinds=of,
    )


_row(
    "merged",
    "Merged Column",
    "Text.Combine(columns, delimiter)",
    ("text",),
    "type text",
    Parameter("delimiter", TEXT, "Separator"),
)
for _label, _function in (
    ("Sum", "List.Sum"),
    ("Minimum", "List.Min"),
    ("Maximum", "List.Max"),
    ("Median", "List.Median"),
    ("Average", "List.Average"),
    ("Product", "List.Product"),
):
    _row(_label.lower(), _label, f"{_function}(columns)", ("number",), "type number")

# -- statistics --------------------------------------------------------------------------------------------------------

_STATISTICS = {
    "sum": ("Sum", "List.Sum"),
    "minimum": ("Minimum", "List.Min"),
    "maximum": ("Maximum", "List.Max"),
    "median": ("Median", "List.Median"),
    "average": ("Average", "List.Average"),
    "standard_deviation": ("Standard Deviation", "List.StandardDeviation"),
    "count": ("Count of Values", "List.NonNullCount"),
}
for _name, (_label, _function) in _STATISTICS.items():
    add_command(
        f"statistics.{_name}",
        _label,
        f"{_function}(Table.Column(previous, column))",
        place=("transform", "Number column"),
        step=f"Calculated {_label}",
        parameters=[Parameter("column", COLUMN, "Column")],
        column_kinds=("number", "date", "datetime", "duration"),
    )
