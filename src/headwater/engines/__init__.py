"""Engines: what runs a plan. An engine compiles it to its own SQL and streams Arrow batches."""

from headwater.engines.base import DEFAULT_BATCH_ROWS, Engine, Fragment, output_schema
from headwater.engines.csv import csv_first_row
from headwater.engines.registry import engine_names, load_engine

__all__ = [
    "DEFAULT_BATCH_ROWS",
    "Engine",
    "Fragment",
    "csv_first_row",
    "engine_names",
    "load_engine",
    "output_schema",
]
