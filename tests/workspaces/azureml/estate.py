"""A workspace at work: hundreds of jobs, data assets and models, with all that a grown workspace has of oddities.

Its names and links are made up here, in the shapes of Azure Resource Manager's answers.
"""

from __future__ import annotations

from typing import Any

from tests.workspaces.azureml.holdings import HOME, STORED, model, resource, version

#: Everything of one sort, so many times.
COMMANDS, DATA, MODELS = 120, 60, 25
PIPELINE, SWEEP, AUTOML, SPARK = "calm_pipeline_1", "bold_sweep_2", "keen_automl_3", "grand_spark_4"
UNKNOWN, TRIAL, ARCHIVED = "odd_quantum_5", "bold_sweep_2_0", "stale_command_6"
LAKE, BLOBS = "abfss://curated@lakehouse.dfs.core.windows.net", "wasbs://landing@claims.blob.core.windows.net"


def estate() -> dict[str, dict[str, Any]]:
    """Every resource by its path below the workspace."""
    found = [*_jobs(), *_commands(), *_data(), *_stores(), *_models()]
    return {item["id"].removeprefix(f"{HOME}/"): item for item in found}


def _job(name: str, kind: str, **told: Any) -> dict[str, Any]:
    base = {"jobType": kind, "experimentName": "pricing", "status": "Completed", "tags": {}, "properties": {}}
    return resource(f"jobs/{name}", base | told)


def _jobs() -> list[dict[str, Any]]:
    return [
        _job(
            PIPELINE,
            "Pipeline",
            displayName="prepare and train",
            inputs={
                "raw": {"jobInputType": "uri_folder", "uri": "azureml:claims-000:1"},
                "rate": {"jobInputType": "literal", "value": "0.1"},
            },
            outputs={
                "trained": {"jobOutputType": "mlflow_model", "uri": None},
                "scores": {"jobOutputType": "uri_folder", "uri": "azureml://datastores/lake/paths/scores/"},
            },
            jobs={
                "clean": {
                    "type": "command",
                    "componentId": "azureml:clean:4",
                    "inputs": {
                        "source": {"job_input_type": "literal", "value": "${{parent.inputs.raw}}"},
                        "rate": {"job_input_type": "literal", "value": "${{parent.inputs.rate}}"},
                    },
                    "outputs": {"cleaned": {"type": "uri_folder", "mode": "rw_mount"}},
                },
                "train": {
                    "type": "command",
                    "display_name": "Train it",
                    "inputs": {"table": "${{parent.jobs.clean.outputs.cleaned}}"},
                    "outputs": {"model": {"value": "${{parent.outputs.trained}}", "type": "literal"}},
                },
                "score": {
                    "jobType": "ParallelHereafter",
                    "inputs": {
                        "table": "${{parent.jobs.clean.outputs.cleaned}}",
                        "lost": "${{parent.jobs.nobody.outputs.nothing}}",
                    },
                    "outputs": {"scored": {"value": "${{parent.outputs.scores}}"}},
                },
                "odd": None,
            },
        ),
        _job(
            SWEEP,
            "Sweep",
            inputs={"table": {"jobInputType": "mltable", "uri": f"{HOME}/data/claims-001/versions/1"}},
            objective={"primaryMetric": "auc", "goal": "Maximize"},
            trial={"command": "python train.py", "codeId": "c", "environmentId": "e"},
        ),
        _job(TRIAL, "Command", properties={"azureml.parentRunId": SWEEP}),
        _job(
            AUTOML,
            "AutoML",
            experimentName="forecasts",
            taskDetails={
                "taskType": "Forecasting",
                "targetColumnName": "claims",
                "trainingData": {"jobInputType": "mltable", "uri": "azureml:claims-002:1"},
                "validationData": {"jobInputType": "mltable", "uri": "azureml:claims-003:1"},
                "testData": {"jobInputType": "mltable", "uri": "azureml://datastores/lake/paths/test/"},
            },
            outputs={"best": {"jobOutputType": "mlflow_model", "uri": "azureml://jobs/x/outputs/best"}},
        ),
        _job(
            SPARK,
            "Spark",
            inputs={
                "in": {"jobInputType": "uri_folder", "uri": f"azureml://jobs/{PIPELINE}/outputs/scores/paths/2026/"}
            },
            outputs={"out": {"jobOutputType": "uri_folder", "uri": None}},
        ),
        _job(
            UNKNOWN,
            "QuantumAnnealing",
            experimentName=None,
            status="Superposed",
            inputs={"x": {"jobInputType": "qubits", "uri": f"azureml://jobs/{SPARK}/outputs/out/paths/a.csv"}},
            outputs={"y": {"jobOutputType": "qubits", "uri": "abfss://q@lakehouse.dfs.core.windows.net/y"}, "z": None},
        ),
        _job(ARCHIVED, "Command", experimentName="left behind", isArchived=True),
    ]


def _commands() -> list[dict[str, Any]]:
    return [
        _job(
            f"command_{number:03}",
            "Command",
            experimentName=f"experiment-{number % 5}",
            inputs={"data": {"jobInputType": "uri_file", "uri": f"azureml:claims-{number % DATA:03}:1"}},
            outputs={
                "made": {"jobOutputType": "uri_file", "uri": f"azureml://datastores/lake/paths/made/{number}.csv"}
            },
        )
        for number in range(COMMANDS)
    ]


def _data() -> list[dict[str, Any]]:
    found = []
    for number in range(DATA):
        name, kind = f"claims-{number:03}", ("uri_file", "uri_folder", "mltable")[number % 3]
        path = f"azureml://datastores/{('blobs', 'lake')[number % 2]}/paths/claims/{number:03}"
        listed = [f"{path}/a.parquet", f"{path}/b.parquet"] if kind == "mltable" else None
        found += [
            resource(f"data/{name}", {"dataType": kind, "latestVersion": "1", "isArchived": number == 59}),
            resource(
                f"data/{name}/versions/1",
                {"dataType": kind, "dataUri": path, "referencedUris": listed, "description": f"Claims {number}."},
            ),
        ]
    return [
        *found,
        # Without a latest version that is told; with one that is told wrongly; with none at all.
        resource("data/untold", {"dataType": "uri_file"}),
        *(_untold(number) for number in (2, 10, 9)),
        resource("data/mistold", {"dataType": "uri_folder", "latestVersion": "7"}),
        resource("data/mistold/versions/6", {"dataType": "hologram", "dataUri": "https://open.example.com/m/?sig=canary"}),
        resource("data/hollow", {"dataType": "uri_file"}),
        resource("data/same-place", {"dataType": "uri_file", "latestVersion": "1"}),
        resource("data/same-place/versions/1", {"dataType": "uri_file", "dataUri": f"{LAKE}/claims/001"}),
    ]  # fmt: skip


def _untold(number: int) -> dict[str, Any]:
    address = f"{STORED}/datastores/lake/paths/u{number}"
    return resource(f"data/untold/versions/{number}", {"dataType": "uri_file", "dataUri": address})


def _stores() -> list[dict[str, Any]]:
    blob = {"datastoreType": "AzureBlob", "accountName": "claims", "containerName": "landing"}
    lake = {
        "datastoreType": "AzureDataLakeGen2",
        "accountName": "lakehouse",
        "filesystem": "curated",
        "description": "L.",
    }
    fabric = {
        "datastoreType": "OneLake",
        "oneLakeWorkspaceName": "Sales",
        "artifact": {"artifactName": "Gold.Lakehouse"},
    }
    return [
        resource("datastores/blobs", blob),
        resource("datastores/lake", lake),
        resource("datastores/share", {"datastoreType": "AzureFile", "accountName": "claims", "fileShareName": "x"}),
        resource("datastores/first", {"datastoreType": "AzureDataLakeGen1", "storeName": "oldlake"}),
        resource("datastores/fabric", fabric),
        resource("datastores/odd", {"datastoreType": "QuantumStore"}),
        resource("datastores/half", {"datastoreType": "AzureBlob", "accountName": "claims"}),
        *(resource(f"datastores/more-{number}", blob | {"containerName": f"c{number}"}) for number in range(20)),
    ]


def _models() -> list[dict[str, Any]]:
    places = (
        {"jobName": "command_000", "modelUri": "azureml://jobs/not_this/outputs/x"},
        {"modelUri": f"azureml://jobs/{PIPELINE}/outputs/trained"},
        {"modelUri": f"{STORED}/jobs/{AUTOML}/outputs/best/paths/model/"},
        {"modelUri": "runs:/command_003/model"},
        {"modelUri": f"{STORED}/datastores/workspaceartifactstore/paths/ExperimentRun/dcid.command_004/model"},
        {"modelUri": "azureml://subscriptions/s/resourcegroups/g/workspaces/other/jobs/j/outputs/o"},
        {"modelUri": f"{STORED}/datastores/blobs/paths/uploaded/model.pkl"},
    )
    return [
        item
        for number in range(MODELS)
        for item in (
            model(f"price-{number:02}", latestVersion="1"),
            version(f"price-{number:02}", "1", **places[number % len(places)]),
        )
    ]


#: The job of each of the first models, as ``_models`` says where it came from.
PRODUCERS = ("command_000", PIPELINE, AUTOML, "command_003", "command_004", None, None)
