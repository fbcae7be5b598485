"""The published examples of Purview's account and scanning services, asked as published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from tests.atlas.conftest import Served
from tests.atlas.published import Example, example

from headwater.access import SYSTEM
from headwater.errors import HeadwaterError

#: What Purview tells of an Azure account or of its own insides, and there is nothing like here.
_AZURES = {"domain", "dataSourceCollectionMovingState", "dataUseGovernance", "lastRunResult"}
#: What is not counted here: how much lineage one scan wrote, how long it will take, when a reference was changed.
_UNCOUNTED = {"relationships", "estimatedTimeRemainingInSeconds", "collection.lastModifiedAt"}


def asked(http: httpx.Client, method: str, address: str, wanted: Example) -> Any:
    """The answer to an example has its status, and whatever names its body has, however deep."""
    query: dict[str, str] = {
        name: wanted.parameters[name] for name in ("api-version", "runId", "scanLevel") if name in wanted.parameters
    }
    body = wanted.parameters.get("collection", wanted.body)
    answer = http.request(method, address, params=query, json=body)
    assert answer.status_code == wanted.status, answer.text
    if wanted.answer is None:
        assert not answer.content
        return None
    assert lacking(wanted.answer, answer.json()) == set(), answer.text
    return answer.json()


def lacking(wanted: Any, found: Any, under: str = "") -> set[str]:
    """The names that a published body has and an answer has not; of lists, the first items are compared."""
    if isinstance(wanted, list):
        return lacking(wanted[0], found[0]) if wanted and isinstance(wanted[0], Mapping) else set()
    if not isinstance(wanted, Mapping) or not isinstance(found, Mapping):
        return set()
    missing = {name for name in wanted.keys() - found.keys() if f"{under}.{name}" not in _UNCOUNTED}
    missing -= {"nextLink"} | _AZURES | _UNCOUNTED
    for name in wanted.keys() & found.keys():
        missing |= lacking(wanted[name], found[name], name)
    return missing


@pytest.fixture
def collections(served: Served) -> None:
    for name in ("myParentCollection1", "Collection-rZX"):
        try:
            served.app.collections.add(SYSTEM, name)
        except HeadwaterError:
            continue


def test_collections(served: Served, collections: None) -> None:
    with served.client(root="/account") as http:
        asked(http, "PUT", "/collections/myCollection1", example("Collections_CreateOrUpdateCollection", "account"))
        asked(http, "GET", "/collections/myCollection1", example("Collections_GetCollection", "account"))
        asked(http, "GET", "/collections", example("Collections_ListCollections", "account"))
        found = example("Collections_ListChildCollectionNames", "account")
        asked(http, "GET", "/collections/myParentCollection1/getChildCollectionNames", found)
        path = asked(
            http,
            "GET",
            "/collections/myCollection1/getCollectionPath",
            example("Collections_GetCollectionPath", "account"),
        )
        assert path["parentNameChain"] == ["root", "myParentCollection1"]
        asked(http, "DELETE", "/collections/myCollection1", example("Collections_DeleteCollection", "account"))


def test_scanning(served: Served, collections: None) -> None:
    source, scan = "/datasources/myDataSource", "/datasources/myDataSource/scans/myScanName"
    with served.client(root="/scan") as http:
        made = example("DataSources_CreateOrReplace", "scanning")
        body = made.body["properties"] | {"location": "", "resourceGroup": "", "resourceName": "", "resourceId": ""}
        made.parameters["body"]["properties"] = body | {"subscriptionId": ""}
        asked(http, "PUT", source, made)
        asked(http, "GET", source, example("DataSources_Get", "scanning"))
        asked(http, "GET", "/datasources", example("DataSources_List", "scanning"))
        asked(http, "PUT", scan, example("Scans_CreateOrReplace", "scanning"))
        asked(http, "GET", scan, example("Scans_Get", "scanning"))
        asked(http, "GET", f"{source}/scans", example("Scans_ListByDataSource", "scanning"))
        asked(http, "DELETE", scan, example("Scans_Delete", "scanning"))
        asked(http, "DELETE", source, example("DataSources_Delete", "scanning"))


def test_runs(served: Served) -> None:
    """The source is one that can be scanned; nobody scans it."""
    served.app.sources.add(SYSTEM, "testDataSourceName", "", "mlflow", "https://ml.example.com")
    scan = "/datasources/testDataSourceName/scans/scan1"
    with served.client(root="/scan") as http:
        http.put(scan, json={"kind": "MLflow"})
        run = example("ScanResult_RunScan", "scanning")
        found = asked(http, "POST", f"{scan}:run", run)
        assert (found["id"], found["scanLevelType"]) == (run.parameters["runId"], run.parameters["scanLevel"])
        asked(http, "GET", f"{scan}/runs/{found['id']}", example("ScanResult_GetScanStatus", "scanning"))
        asked(http, "GET", f"{scan}/runs", example("ScanResult_ListScanHistory", "scanning"))
        asked(http, "POST", f"{scan}/runs/{found['id']}:cancel", example("ScanResult_CancelScan", "scanning"))
    served.app.sources.remove(SYSTEM, "testDataSourceName")
