"""What is deployed in the workspace of these tests: its online endpoints on the management plane, and what answers
at their own addresses, at another origin. Shapes are those of OnlineEndpoint and OnlineDeployment."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.workspaces.azureml.holdings import HOME, JOB, resource
from tests.workspaces.azureml.management import Management

ENTRY_SCRIPT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "hail-cost", "version": "1.0"},
    "paths": {
        "/": {"get": {"operationId": "ServiceHealthCheck", "responses": {}}},
        "/score": {
            "post": {
                "operationId": "RunMLService",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServiceInput"}}}
                },
                "responses": {},
            }
        },
    },
    "components": {
        "schemas": {
            "ServiceInput": {
                "type": "object",
                "properties": {
                    "data": {
                        "type": "array",
                        "items": {"type": "array", "items": {"type": "number", "format": "double"}},
                        "format": "numpy.ndarray",
                    }
                },
                "example": {"data": [[1.0, 2.0]]},
            },
            "ServiceOutput": {"type": "array", "items": {"type": "number"}},
        }
    },
}
#: An older one, of which there is version 2 alone.
ENTRY_SCRIPT_2: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "premium", "version": "1.0"},
    "schemes": ["https"],
    "consumes": ["application/json"],
    "paths": {"/score": {"post": {"parameters": [{"in": "body", "schema": {"$ref": "#/definitions/ServiceInput"}}]}}},
    "definitions": {"ServiceInput": {"type": "object", "properties": {"data": {"type": "array"}}}},
}
MLFLOW: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "late-arrival", "version": "1.0"},
    "paths": ENTRY_SCRIPT["paths"],
    "components": {"schemas": {"ServiceInput": {"type": "object", "properties": {"input_data": {"type": "object"}}}}},
}
#: Of a script without decorators.
UNDECORATED: dict[str, Any] = {
    **ENTRY_SCRIPT,
    "components": {"schemas": {"ServiceInput": {"type": "object", "example": {}}}},
}
CODE = {"codeId": f"{HOME}/codes/1f/versions/1", "scoringScript": "score.py"}


@dataclass
class Scoring:
    """A host of endpoints at ``/NAME/score``; ``documents`` are by name and version, ``accepts`` by name."""

    url: str = ""
    documents: dict[str, dict[str, bytes]] = field(default_factory=dict)
    accepts: dict[str, str] = field(default_factory=dict)
    status: int = 200
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, method: str, target: str, shown: str) -> tuple[int, bytes]:
        self.seen.append((method, target, shown))
        parts = urlsplit(target)
        name, _, rest = parts.path.strip("/").partition("/")
        if shown != f"Bearer {self.accepts.get(name)}":
            return 401, b"{}"
        if self.status != 200:
            return self.status, b'{"message": "canary-row"}'
        if (method, rest) == ("POST", "score"):
            return 200, b"[0.25]"
        version = parse_qs(parts.query).get("version", ["2"])[0]
        found = self.documents.get(name, {}).get(version) if rest == "swagger.json" else None
        return (404, b"{}") if found is None else (200, found)

    def deploy(
        self,
        management: Management,
        name: str,
        mode: str = "Key",
        traffic: dict[str, int] | None = None,
        documents: dict[str, Any] | None = None,
        deployments: list[dict[str, Any]] | None = None,
        **properties: Any,
    ) -> None:
        """Deploy an endpoint here, and tell the management plane."""
        told: dict[str, Any] = {
            "description": f"About {name}.",
            "properties": {},
            "scoringUri": f"{self.url}/{name}/score",
            "swaggerUri": f"{self.url}/{name}/swagger.json",
            "authMode": mode,
            "provisioningState": "Succeeded",
            "compute": None,
            "keys": None,
            "traffic": {"blue": 100} if traffic is None else traffic,
        }
        item = resource(f"onlineEndpoints/{name}", told | properties) | {"tags": {"team": "claims"}, "kind": "Managed"}
        behind = [deployment(name, "blue")] if deployments is None else deployments
        management.items |= {known["id"].removeprefix(f"{HOME}/"): known for known in [item, *behind]}
        self.documents[name] = {version: json.dumps(found).encode() for version, found in (documents or {}).items()}
        self.accepts[name] = f"canary-{name}"
        management.secrets[f"onlineEndpoints/{name}/listKeys"] = [
            {"primaryKey": f"canary-{name}", "secondaryKey": f"canary-other-{name}"}
        ]
        management.secrets[f"onlineEndpoints/{name}/token"] = [token(f"canary-{name}")]


def token(value: str, expires: int = 4_000_000_000, refresh: int = 3_999_990_000) -> dict[str, Any]:
    """The answer to a request for an endpoint's token."""
    return {"accessToken": value, "tokenType": "Bearer", "expiryTimeUtc": expires, "refreshAfterTimeUtc": refresh}


def deployment(endpoint: str, name: str, model: str = "azureml:late-arrival:10", **properties: Any) -> dict[str, Any]:
    """A deployment of an endpoint."""
    told: dict[str, Any] = {
        "endpointComputeType": "Managed",
        "model": model,
        "environmentId": f"{HOME}/environments/sklearn/versions/4",
        "environmentVariables": {"SECRET": "canary-variable"},
        "codeConfiguration": CODE,
        "instanceType": "Standard_DS3_v2",
        "provisioningState": "Succeeded",
    }
    return resource(f"onlineEndpoints/{endpoint}/deployments/{name}", told | properties)


def deploy_all(scoring: Scoring, management: Management) -> None:
    """More endpoints than a page holds, each of them another case."""
    home = HOME.replace("resourceGroups", "resourcegroups").lower()
    mlflow = deployment(
        "late-arrival", "blue", f"azureml:{home}/models/late-arrival/versions/2", codeConfiguration=None
    )
    split = [deployment("broker", "blue"), deployment("broker", "green")]
    registry = "azureml://registries/shared/models/late-arrival/versions/2"
    scoring.deploy(management, "hail-cost", documents={"3": ENTRY_SCRIPT, "2": ENTRY_SCRIPT_2})
    scoring.deploy(management, "late-arrival", "AMLToken", documents={"3": MLFLOW}, deployments=[mlflow])
    scoring.deploy(management, "premium", documents={"2": ENTRY_SCRIPT_2})
    scoring.deploy(management, "broker", traffic={"blue": 50, "green": 50}, deployments=split)
    scoring.deploy(management, "undescribed", swaggerUri=None)
    scoring.deploy(
        management,
        "being-made",
        provisioningState="Creating",
        scoringUri=None,
        swaggerUri=None,
        traffic={},
        deployments=[],
    )
    scoring.deploy(management, "broken", provisioningState="Failed", traffic={}, deployments=[])
    scoring.deploy(management, "shared", deployments=[deployment("shared", "blue", registry, codeConfiguration=None)])
    scoring.deploy(
        management,
        "triton",
        deployments=[deployment("triton", "blue", "azureml:premium:spring", codeConfiguration={"codeId": None})],
    )
    management.items["batchEndpoints/nightly"] = resource("batchEndpoints/nightly", {"scoringUri": scoring.url})
    assert management.items["models/late-arrival/versions/2"]["properties"]["jobName"] == JOB


@contextmanager
def running_scoring() -> Iterator[Scoring]:
    scoring = Scoring()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = scoring.answer(self.command, self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = respond

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    scoring.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    try:
        yield scoring
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
