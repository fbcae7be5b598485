"""What the workspace of these tests holds: an insurer's, in the shapes of Azure Resource Manager's answers.

Every listing and resource is by its path below the workspace.
"""

from __future__ import annotations

import json
from typing import Any

SUBSCRIPTION = "6a0b7c1e-93d4-4f58-8a21-0d5e6f708192"
GROUP = "Data-Science.West"
WORKSPACE = "claims-ml"
PROVIDER = "Microsoft.MachineLearningServices"
HOME = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{PROVIDER}/workspaces/{WORKSPACE}"
QUALIFIED = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/data-science.west/workspaces/claims-ml"

JOB = "quiet_river_8k2"
AUTOML_JOB = "olive_kite_automl"
#: Registered once each, uploaded by hand.
PLAIN_MODELS = (
    "anti-fraud-graph",
    "bodily-injury-reserve",
    "broker-churn",
    "call-intent",
    "cat-exposure",
    "claim-triage",
    "cross-sell",
    "damage-photos",
    "document-type",
    "earthquake-pml",
    "email-routing",
    "fleet-telematics",
    "flood-depth",
    "glass-repair-cost",
    "hail-footprint",
    "household-value",
    "invoice-ocr",
    "lapse",
    "legal-cost",
    "litigation",
    "motor-frequency",
    "motor-severity",
    "nps-drivers",
    "payment-default",
    "recovery",
    "subrogation",
    "total-loss",
)
SIGNATURE = {
    "inputs": json.dumps([{"type": "double", "name": "distance"}, {"type": "string", "name": "carrier"}]),
    "outputs": json.dumps([{"type": "double", "name": "probability"}]),
    "params": None,
}
STORED = f"azureml://subscriptions/{SUBSCRIPTION.upper()}/resourcegroups/{GROUP.lower()}/workspaces/{WORKSPACE}"


def resource(path: str, properties: dict[str, Any], created: str = "2026-03-02T08:15:30.1234567Z") -> dict[str, Any]:
    """A resource at ``path`` below the workspace."""
    kinds = "/".join(path.split("/")[::2])
    return {
        "id": f"{HOME}/{path}",
        "name": path.rpartition("/")[2],
        "type": f"{PROVIDER}/workspaces/{kinds}",
        "properties": properties,
        "systemData": {
            "createdAt": created,
            "createdBy": "Noor Haddad",
            "createdByType": "User",
            "lastModifiedAt": "2026-05-20T17:00:00.0000000Z",
            "lastModifiedBy": "scoring-pipeline",
            "lastModifiedByType": "Application",
        },
    }


def model(name: str, **properties: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": f"About {name}.",
        "tags": {"team": "claims"},
        "properties": {},
        "isArchived": False,
    }
    return resource(f"models/{name}", told | properties)


def version(name: str, number: str, created: str = "2026-03-02T08:15:30.1234567Z", **properties: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": None,
        "tags": {},
        "properties": {},
        "isAnonymous": False,
        "isArchived": False,
        "modelType": "custom_model",
        "modelUri": f"{STORED}/datastores/workspaceblobstore/paths/models/{name}/{number}",
        "provisioningState": "Succeeded",
    }
    return resource(f"models/{name}/versions/{number}", told | properties, created)


def holdings() -> dict[str, dict[str, Any]]:
    """Every resource by its path below the workspace; listings are made of these."""
    found = [*_models(), *_jobs(), *_data(), *_datastores()]
    return {item["id"].removeprefix(f"{HOME}/"): item for item in found}


def _models() -> list[dict[str, Any]]:
    flavors = {"python_function": {"data": {"loader_module": "mlflow.sklearn"}}, "sklearn": {"data": {}}}
    mlflow: dict[str, Any] = {"modelType": "mlflow_model", "flavors": flavors, "jobName": JOB}
    plain = [item for name in PLAIN_MODELS for item in (model(name, latestVersion="1"), version(name, "1"))]
    return [
        *plain,
        model("late-arrival", latestVersion="10", description="Will the adjuster be late?"),
        version("late-arrival", "1", **mlflow, properties={"model_json": json.dumps({"signature": SIGNATURE})}),
        version("late-arrival", "2", "2026-04-01T00:00:00Z", **mlflow, tags={"reviewed": "yes", "note": None}),
        version("late-arrival", "3", "2026-06-01T00:00:00Z", isArchived=True),
        version("late-arrival", "10", "2026-03-03T00:00:00Z", jobName=AUTOML_JOB, stage="Production"),
        model("premium", tags=None),
        version("premium", "spring", "2026-03-01T00:00:00Z"),
        # Of a later version of the interface, with words that nobody knows yet.
        version("premium", "autumn", "2026-09-01T00:00:00Z", modelType="Quantum", provisioningState="Hibernating"),
        model("empty"),
        model("retired", isArchived=True),
        version("retired", "1"),
    ]


def _jobs() -> list[dict[str, Any]]:
    command = {
        "jobType": "Command",
        "displayName": "train late-arrival",
        "experimentName": "delays",
        "status": "Completed",
        "tags": {"commit": "4f2a9b"},
        "properties": {"ProcessInfoFile": "azureml-logs/process_info.json"},
        "command": "python train.py",
        "parameters": {"depth": 3, "token": "?sig=canary-sas"},
        "inputs": {
            "training_data": {"jobInputType": "uri_file", "mode": "ReadOnlyMount", "uri": "azureml:flights:3"},
            "weather": {"jobInputType": "uri_folder", "uri": "azureml://datastores/lake/paths/weather/2026/"},
            "holidays": {"jobInputType": "uri_file", "uri": "https://open.example.com/holidays.csv?sig=canary-sas"},
            "stream": {"jobInputType": "uri_stream", "uri": f"{STORED}/datastores/share/paths/live"},
            "threshold": {"jobInputType": "literal", "value": "0.4"},
            "start_from": {"jobInputType": "mlflow_model", "uri": "azureml:late-arrival:1"},
            "nothing": None,
        },
        "outputs": {"model": {"jobOutputType": "mlflow_model", "uri": None}},
    }
    automl = {
        "jobType": "AutoML",
        "displayName": None,
        "experimentName": "delays",
        # Not one of the words the interface declares; it is answered all the same.
        "status": "Scheduled",
        "taskDetails": {
            "taskType": "Classification",
            "targetColumnName": "late",
            "trainingData": {"jobInputType": "mltable", "uri": f"{HOME}/data/sales-table/versions/1"},
            "validationData": {"jobInputType": "mltable", "uri": "azureml:gone:9"},
        },
    }
    return [resource(f"jobs/{JOB}", command), resource(f"jobs/{AUTOML_JOB}", automl)]


def _data() -> list[dict[str, Any]]:
    files = ["azureml://datastores/lake/paths/sales/a.parquet", "azureml://datastores/lake/paths/sales/b.parquet"]
    return [
        resource("data/flights", {"dataType": "uri_file", "latestVersion": "3"}),
        resource("data/sales-table", {"dataType": "mltable", "latestVersion": "1"}),
        resource(
            "data/flights/versions/3",
            {"dataType": "uri_file", "dataUri": f"{STORED}/datastores/blobs/paths/raw/flights.csv"},
        ),
        resource(
            "data/sales-table/versions/1",
            {"dataType": "mltable", "dataUri": "azureml://datastores/lake/paths/sales/", "referencedUris": files},
        ),
    ]


def _datastores() -> list[dict[str, Any]]:
    azure = {"endpoint": "core.windows.net", "protocol": "https", "credentials": {"credentialsType": "None"}}
    blob = {"datastoreType": "AzureBlob", "accountName": "claims", "containerName": "landing", **azure}
    lake = {"datastoreType": "AzureDataLakeGen2", "accountName": "lakehouse", "filesystem": "curated", **azure}
    share = {"datastoreType": "AzureFile", "accountName": "claims", "fileShareName": "exchange", **azure}
    return [
        resource("datastores/blobs", blob),
        resource("datastores/lake", lake),
        resource("datastores/share", share),
        resource("datastores/odd", {"datastoreType": "QuantumStore"}),
    ]
