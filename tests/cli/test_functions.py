"""``headwater functions`` and ``headwater schema check``, as a person runs them, with a real MLflow server."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from tests.app.scoring_service import DOCUMENT, HANGS, NAME, ScoringService, scoring_service
from tests.cli.command import (
    COMMAND,
    SECONDS,
    environment,
    failed,
    failure_in,
    headwater,
    interrupt,
    started,
    succeeded,
)
from tests.conftest import SeededMLflow

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.cli.output import INTERRUPTED

LATE = "demo.late_arrival"
SHOP = f"shop.{NAME}@latest"


@pytest.fixture(scope="module")
def service() -> Iterator[ScoringService]:
    with scoring_service() as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, mlflow_server: SeededMLflow, service: ScoringService) -> Path:
    """A home with a workspace and a service; what a test changes, it puts back."""
    path = tmp_path_factory.mktemp("functions") / "home"
    with Headwater.open(path, create=True) as app:
        app.sources.add(SYSTEM, "demo", "", "mlflow", mlflow_server.url, trusted=True)
        app.sources.add(SYSTEM, "shop", "", "openapi", service.url)
    return path


def invoked(place: Path, *arguments: str | Path, name: str = LATE) -> tuple[list[dict[str, Any]], str]:
    """The rows that a call prints, and what it tells besides."""
    done = succeeded("functions", "invoke", name, *arguments, "--home", place)
    return [json.loads(line) for line in done.out.splitlines()], done.err


class TestLooking:
    def test_a_list_has_every_model_with_its_type_or_why_it_has_none(self, place: Path) -> None:
        lines = succeeded("functions", "list", "--home", place).out.splitlines()
        listed = {name: (version, what) for name, version, what in (line.split("\t") for line in lines)}
        assert listed[LATE][0] == "2" and listed[LATE][1].startswith("(distance as Double.Type, carrier as text")
        assert listed["demo.unsigned"][1].startswith("not callable: ")
        assert SHOP in listed
        found = json.loads(
            succeeded("functions", "list", "--source", "demo", "--search", "LATE", "--json", "--home", place).out
        )
        assert [one["name"] for one in found] == [LATE]
        assert failed("functions", "list", "--source", "nothing", "--home", place).code == "not_found"

    def test_a_function_is_shown(self, place: Path) -> None:
        shown = succeeded("functions", "show", f"{LATE}@champion", "--home", place).out
        for part in ("version 1", "Aliases of this version: champion", "distance: number", "auc = 0.75", "Made by: "):
            assert part in shown
        assert 'each #"demo.late_arrival@champion"([distance], [carrier])' in shown
        found = json.loads(succeeded("functions", "show", LATE, "--json", "--home", place).out)
        assert (found["version"], found["callable"], found["metrics"]["auc"]) == ("2", True, 0.75)

    def test_why_a_model_cannot_be_called_and_what_to_do(self, place: Path) -> None:
        shown = succeeded("functions", "show", "demo.unsigned", "--home", place).out
        assert "Not callable: The signature of demo.unsigned has no inputs" in shown
        assert "To do: Log the model with signature=" in shown
        assert failed("functions", "show", "demo.late_arival", "--home", place).hint == "There is: late_arrival."


class TestInvoking:
    def test_rows_on_the_command_line(self, place: Path) -> None:
        rows, told = invoked(
            place, "--row", '{"distance": 1, "carrier": "AA", "id": [7]}', "--row", '[2, "B"]', "--row", "[3, 4]"
        )
        assert rows == [
            {"distance": 1.0, "carrier": "AA", "id": [7], "probability": 0.25, "label": False, "error": None},
            {"distance": 2.0, "carrier": "B", "id": None, "probability": 0.25, "label": False, "error": None},
            {
                "distance": 3.0, "carrier": None, "id": None, "probability": None, "label": None,
                "error": "The parameter 'carrier' of demo.late_arrival takes text.",
            },
        ]  # fmt: skip
        assert "3 rows, 1 failed" in told
        assert "1 × The parameter 'carrier' of demo.late_arrival takes text." in told
        assert re.search(r"score demo.late_arrival: [\d,]+ rows/s", told)

    def test_standard_input(self, place: Path) -> None:
        run = subprocess.run(
            [*COMMAND, "functions", "invoke", LATE, "--rows", "-", "--home", str(place)],
            input='{"distance": 1, "carrier": "ü"}\n{"distance": 2, "carrier": "B"}\n',
            env=environment(None),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=True,
        )
        assert [json.loads(line)["carrier"] for line in run.stdout.splitlines()] == ["ü", "B"]

    @pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
    def test_a_file_into_a_file(self, ending: str, place: Path, tmp_path: Path) -> None:
        (tmp_path / "rows.csv").write_text("id,distance,carrier,label\n1,100,=AA,x\n2,far,BB,-3\n3,,CC,@x\n")
        output = tmp_path / f"o{ending}"
        done = succeeded("functions", "invoke", LATE, "--rows", tmp_path / "rows.csv", "-o", output, "--home", place)
        assert done.out == ""
        assert f"3 rows, 2 failed, written to {output}" in done.err
        assert sorted(file.name for file in tmp_path.iterdir()) == sorted(["rows.csv", f"o{ending}"])
        if ending == ".csv":
            texts = pyarrow.csv.ConvertOptions(strings_can_be_null=True, column_types={"id": pa.string()})
            rows = pyarrow.csv.read_csv(output, convert_options=texts).to_pylist()
        else:
            rows = pq.read_table(output).to_pylist() if ending == ".parquet" else json.loads(output.read_bytes())
        assert [row["id"] for row in rows] == ["1", "2", "3"]
        assert [row["probability"] for row in rows] == [0.25, None, None]
        assert [row["label_2"] for row in rows] == [False, None, None]
        expected = ["'=AA", "BB", "CC"] if ending == ".csv" else ["=AA", "BB", "CC"]
        assert [row["carrier"] for row in rows] == expected
        assert rows[1]["error"] == "The parameter 'distance' of demo.late_arrival takes numbers."

    def test_options(self, place: Path) -> None:
        rows, _ = invoked(
            place, "--row", '[1, "A"]', "--row", '["far", "A"]',
            "--params", '{"threshold": 0.1}', "--include-model", "--on-error", "null", "--batch-size", "1",
            name=f"{LATE}@1",
        )  # fmt: skip
        assert [(row["ModelVersion"], row["error"]) for row in rows] == [("1", None), (None, None)]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ((), "usage"),
            (("--row", "[1]", "--rows", "rows.csv"), "usage"),
            (("--row", "[1,"), "usage"),
            (("--row", '[1, "a"]', "--params", '{"nothing": 1}'), "model.option"),
            (("--row", '[1, "a"]', "--on-error", "maybe"), "model.option"),
            (("--row", '["far", "a"]', "--on-error", "fail"), "model.row"),
            (("--row", '[1, "a"]', "-o", "rows.txt"), "usage"),
            (("--rows", "nothing.csv"), "not_found"),
        ],
    )
    def test_what_ends_it_is_one_message(self, arguments: tuple[str, ...], code: str, place: Path) -> None:
        assert failed("functions", "invoke", LATE, *arguments, "--home", place).code == code

    def test_a_model_that_is_no_function(self, place: Path) -> None:
        assert (
            failed("functions", "invoke", "demo.unsigned", "--row", "[1]", "--home", place).code
            == "model.schema.no_inputs"
        )

    @pytest.mark.parametrize("name", [LATE, SHOP])
    def test_ctrl_c_ends_it_and_leaves_no_file(
        self, name: str, place: Path, tmp_path: Path, service: ScoringService
    ) -> None:
        """While rows pass through a model's process, and while a service hangs."""
        row = {"amount": HANGS} if name == SHOP else {"distance": 1, "carrier": "A"}
        (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 2_000_000)
        service.asked.clear()
        output = tmp_path / "o.parquet"
        arguments = ("--rows", tmp_path / "rows.jsonl", "-o", output, "--home", place)
        with started("functions", "invoke", name, *arguments) as process:
            if name == SHOP:
                assert service.asked.wait(SECONDS)
            else:
                partial = output.with_name("o.parquet.partial")
                until(lambda: partial.exists() and partial.stat().st_size > 100)
            began = time.monotonic()
            assert failure_in(interrupt(process), INTERRUPTED).code == "interrupted"
            assert time.monotonic() - began < PATIENCE
        assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]


#: Long after the second in which it ends, and long before the hanging or the rows do.
PATIENCE = 15


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.02)


class TestSchemas:
    def test_one_that_is_supplied_counts_until_it_is_forgotten(self, place: Path, tmp_path: Path) -> None:
        (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
        (tmp_path / "sample.json").write_text('{"input": [{"amount": 1.5}], "output": [2.5]}')
        for option, value in (
            ("--signature", "(amount as number) => [score = number]"),
            ("--sample", tmp_path / "sample.json"),
            ("--openapi", tmp_path / "openapi.json"),
            ("--like", SHOP),
        ):
            told = succeeded("functions", "supply", "demo.unsigned", option, value, "--home", place).err
            assert told == "demo.unsigned: the schema is kept\n"
            shown = succeeded("functions", "show", "demo.unsigned", "--home", place).out
            assert "amount: number" in shown and "Its schema was supplied by" in shown
        succeeded("functions", "forget", "demo.unsigned", "--home", place)
        assert "Not callable" in succeeded("functions", "show", "demo.unsigned", "--home", place).out

    def test_one_that_cannot_be_used(self, place: Path, tmp_path: Path) -> None:
        at = ("--home", place)
        assert failed("functions", "supply", "demo.unsigned", *at).code == "usage"
        text = failed("functions", "supply", "demo.unsigned", "--signature", "(x as", *at)
        assert (text.code, text.where) == ("model.schema.text", "line 1, column 6")
        (tmp_path / "sample.json").write_text("[1]")
        assert failed("functions", "supply", "demo.unsigned", "--sample", tmp_path / "sample.json", *at).code == "usage"
        assert failed("functions", "supply", "demo.unsigned", "--operation", "POST /x", *at).code == "usage"

    def test_reuse(self, place: Path) -> None:
        at = ("--home", place)
        for options, seconds in ((("--seconds", "3600"), 3_600.0), (("--never",), None)):
            succeeded("functions", "reuse", SHOP, *options, *at)
            assert json.loads(succeeded("functions", "show", SHOP, "--json", *at).out)["reuse_seconds"] == seconds
        assert failed("functions", "reuse", SHOP, *at).code == "usage"

    def test_build(self, place: Path) -> None:
        assert "is ready to be called" in succeeded("functions", "build", LATE, "--home", place).err
        assert failed("functions", "build", SHOP, "--home", place).code == "usage"


class TestChecking:
    def test_what_can_be_a_function(self, place: Path, tmp_path: Path, service: ScoringService) -> None:
        (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
        for target in (LATE, tmp_path / "openapi.json", service.url):
            shown = succeeded("schema", "check", target, "--home", place).out
            assert re.search(r"^Function: \((amount|distance) as Double\.Type, ", shown, re.M), shown
        found = json.loads(succeeded("schema", "check", LATE, "--json", "--home", place).out)
        assert found["callable"] is True
        assert [one["code"] for one in found["functions"][0]["findings"]] == ["description.missing"]

    def test_what_cannot(self, place: Path, tmp_path: Path) -> None:
        (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}\n")
        for target, code in (("demo.unsigned", "model.schema.no_inputs"), (tmp_path, "model.schema.none")):
            done = headwater("schema", "check", target, "--home", place)
            assert f"[{code}]" in done.out
            assert failure_in(done).hint == "Do what the findings say."

    def test_a_service_in_a_private_network_is_asked_only_where_that_was_said(self, place: Path) -> None:
        assert failed("schema", "check", "https://10.255.255.1/score", "--home", place).code.startswith("network.")
        assert failed("schema", "check", "http://10.255.255.1/score", "--home", place).code == "network.origin_denied"
