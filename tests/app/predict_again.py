"""Compare the published column with MLflow's own prediction: ``predict_again.py HOME``; prints one JSON object."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROWS = 2_000
SAME = ("year", "month", "day", "carrier", "flight", "origin", "sched_dep_time")


def main(home: Path) -> None:
    import duckdb
    import mlflow.pyfunc

    from headwater.access import SYSTEM
    from headwater.app.demo.warehouse import MODEL_INPUTS, model_inputs_sql
    from headwater.app.runtime import Headwater

    (model_file,) = (home / "models").rglob("MLmodel")
    model = mlflow.pyfunc.load_model(str(model_file.parent))
    with Headwater.open(home) as app:
        published = app.tables.get(SYSTEM, "flights", "flights_scored")
        table = app.tables.rows(SYSTEM, published, published.rows - ROWS, ROWS).rows
    files = sorted((home / "warehouse" / "flights").glob("*.csv"))
    inputs = model_inputs_sql(files, home / "warehouse" / "weather.csv")
    columns = ", ".join(f"i.{name}" for name in MODEL_INPUTS)
    same = " AND ".join(f"i.{name} = t.{name}" for name in SAME)
    with duckdb.connect() as connection:
        connection.register("published", table)
        query = f"SELECT {columns}, t.delay_probability FROM ({inputs}) i JOIN published t ON {same}"
        frame = connection.sql(query).df()
    difference = (model.predict(frame[list(MODEL_INPUTS)])["probability"] - frame["delay_probability"]).abs().max()
    print(json.dumps({"rows": len(frame), "largest_difference": float(difference)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
