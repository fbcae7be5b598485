"""MLflow's REST interface: paths, paging and its ways of saying "there is none"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headwater.errors import NotFoundError, RemoteError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces.base import Credential
from headwater.workspaces.mlflow.configuration import MLflowConfiguration

__all__ = ["MLflowClient"]

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
#: Registered models come at most 1,000 a page; versions could come 200,000 at once, which no one should hold.
MODELS_A_PAGE = 1_000
VERSIONS_A_PAGE = 5_000
#: A run comes with all its parameters, metrics and tags.
RUNS_A_PAGE = 2_000
LOGGED_MODELS_A_PAGE = 1_000
EXPERIMENTS_A_PAGE = 1_000
#: How many experiments one search names at most.
EXPERIMENTS_A_SEARCH = 500
BUSY_TRIES = 4
_REFUSALS = {
    401: "Check the user name and password stored for this workspace, or store some: the server asks for them.",
    403: "Check the name, and have the account given READ in MLflow on that model, and on the experiment behind it.",
}


class MLflowClient:
    """The calls Headwater makes to an MLflow server, each giving the JSON object MLflow answers with."""

    def __init__(
        self,
        configuration: MLflowConfiguration,
        credential: Credential | None,
        private_networks: Sequence[IPv4Network | IPv6Network],
        timeout: float,
    ) -> None:
        self.configuration = configuration
        self._http = HttpClient(
            configuration.origin,
            credential=credential.headers if credential else None,
            private_networks=private_networks,
            timeout=timeout,
            busy_tries=BUSY_TRIES,
        )

    def close(self) -> None:
        self._http.close()

    def search_models(self, max_results: int = MODELS_A_PAGE) -> Iterator[dict[str, Any]]:
        """Every registered model, aliases and tags included."""
        return self._pages("registered-models/search", "registered_models", {"max_results": max_results})

    def search_versions(self, model: str | None = None) -> Iterator[dict[str, Any]]:
        """Every version of ``model`` or of all models; aliases are not in it."""
        parameters: dict[str, Any] = {"max_results": VERSIONS_A_PAGE}
        if model is not None and "'" not in model:
            # The filter language has no escape for a quote: such a name is listed in full and filtered below.
            parameters["filter"] = f"name='{model}'"
        found = self._pages("model-versions/search", "model_versions", parameters)
        return (version for version in found if model is None or version.get("name") == model)

    def search_experiments(self) -> Iterator[dict[str, Any]]:
        """Every experiment, deleted ones too."""
        return self._pages("experiments/search", "experiments", {"max_results": EXPERIMENTS_A_PAGE, "view_type": "ALL"})

    def search_runs(self, experiment_ids: Sequence[str], condition: str = "") -> Iterator[dict[str, Any]]:
        """The runs of experiments, without those that were deleted, the oldest first: new ones shift no page."""
        for ids in _parts(experiment_ids):
            asked = {
                "experiment_ids": ids,
                "filter": condition,
                "max_results": RUNS_A_PAGE,
                "order_by": ["attributes.start_time ASC"],
            }
            yield from self._pages("runs/search", "runs", asked, post=True)

    def search_logged_models(self, experiment_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The models logged under experiments, registered or not."""
        for ids in _parts(experiment_ids):
            asked = {"experiment_ids": ids, "max_results": LOGGED_MODELS_A_PAGE}
            yield from self._pages("logged-models/search", "models", asked, post=True)

    def model(self, name: str) -> dict[str, Any]:
        """One registered model; NotFoundError when there is none."""
        return self._one("registered-models/get", {"name": name}, "registered_model", f"model '{name}'")

    def version(self, model: str, version: str) -> dict[str, Any]:
        """One model version; NotFoundError when there is none."""
        what = f"version {version} of model '{model}'"
        return self._one("model-versions/get", {"name": model, "version": version}, "model_version", what)

    def version_by_alias(self, model: str, alias: str) -> dict[str, Any]:
        """The version an alias stands for; NotFoundError when there is none."""
        what = f"alias '{alias}' of model '{model}'"
        return self._one("registered-models/alias", {"name": model, "alias": alias}, "model_version", what)

    def run(self, run_id: str) -> dict[str, Any]:
        """One run; NotFoundError when there is none."""
        return self._one("runs/get", {"run_id": run_id}, "run", f"run '{run_id}'")

    def experiment(self, experiment_id: str) -> dict[str, Any]:
        """One experiment; NotFoundError when there is none."""
        what = f"experiment '{experiment_id}'"
        return self._one("experiments/get", {"experiment_id": experiment_id}, "experiment", what)

    def version_file(self, model: str, version: str, path: str, max_bytes: int) -> bytes:
        """One file of a version's artifact, by the way that a mere reader of the model may use too.

        Raises:
            NotFoundError: the version has no such file, or the server cannot reach the place it is in (it answers
                500 to both).
        """
        parameters = {"name": model, "version": version, "path": path}
        address = self.configuration.prefix + "/model-versions/get-artifact"
        try:
            with self._rights_explained():
                return self._http.get_bytes(address, parameters, max_bytes=max_bytes)
        except RemoteError as error:
            if error.status not in {404, 500}:
                raise
            raise NotFoundError(
                f"The file {path} of version {version} of model '{model}' cannot be read.",
                place=self.configuration.url,
                hint="Check that the version's artifact still exists and that the MLflow server can reach it.",
            ) from error

    def version_location(self, model: str, version: str) -> str:
        """The URI under which a version's artifact folder is stored."""
        answer = self._get("model-versions/get-download-uri", {"name": model, "version": version})
        location = answer.get("artifact_uri")
        if not isinstance(location, str):
            raise self._unusable("model-versions/get-download-uri")
        return location

    def list_artifacts(self, path: str) -> list[dict[str, Any]]:
        """What is directly in a folder of the server's artifact store; ``path`` is the server's own."""
        with self._rights_explained():
            answer = self._http.get_json(self.configuration.prefix + ARTIFACTS, {"path": path})
        files = answer.get("files", []) if isinstance(answer, dict) else None
        if not isinstance(files, list):
            raise self._unusable(ARTIFACTS)
        return files

    def artifact(self, path: str, max_bytes: int) -> bytes:
        """One file of the server's artifact store."""
        address = f"{self.configuration.prefix}{ARTIFACTS}/{quote(path, safe='/')}"
        with self._rights_explained():
            return self._http.get_bytes(address, max_bytes=max_bytes)

    def download_artifact(self, path: str, file: Path, max_bytes: int) -> int:
        """Write one file of the server's artifact store to ``file``; returns its size."""
        address = f"{self.configuration.prefix}{ARTIFACTS}/{quote(path, safe='/')}"
        with self._rights_explained():
            return self._http.download(address, file, max_bytes=max_bytes)

    def create_webhook(self, name: str, url: str, secret: str, events: Sequence[tuple[str, str]]) -> str:
        """Have the server post events to an address, signed; returns the webhook's id."""
        asked = {
            "name": name,
            "url": url,
            "secret": secret,
            "events": [{"entity": entity, "action": action} for entity, action in events],
        }
        made = self._get("webhooks", asked, post=True).get("webhook")
        if not isinstance(made, dict) or not made.get("webhook_id"):
            raise self._unusable("webhooks")
        return str(made["webhook_id"])

    def test_webhook(self, webhook_id: str) -> dict[str, Any]:
        """What came of having the server post an example."""
        return self._one(f"webhooks/{quote(webhook_id, safe='')}/test", {}, "result", "such webhook", post=True)

    def delete_webhook(self, webhook_id: str) -> None:
        """Have the server post nothing more; NotFoundError when there is no such webhook."""
        address = f"{self.configuration.prefix}{API}/webhooks/{quote(webhook_id, safe='')}"
        answer = self._http.request("DELETE", address)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFoundError("There is no such webhook.", place=self.configuration.url)
        if answer.status != HTTPStatus.OK:
            raise RemoteError(
                f"Deleting a webhook was answered with {answer.status}.",
                status=answer.status,
                place=self.configuration.url,
                hint=_REFUSALS.get(answer.status, "Look at the MLflow server's log."),
            )

    def _get(self, method: str, parameters: Mapping[str, Any], *, post: bool = False) -> dict[str, Any]:
        """The answer to a method; some searches are asked by POST, and change nothing either."""
        address = f"{self.configuration.prefix}{API}/{method}"
        with self._rights_explained():
            if post:
                given = {name: value for name, value in parameters.items() if value is not None}
                answer = self._http.post_json(address, given)
            else:
                answer = self._http.get_json(address, parameters)
        if not isinstance(answer, dict):
            raise self._unusable(method)
        return answer

    @contextmanager
    def _rights_explained(self) -> Iterator[None]:
        """MLflow's way of refusing, explained: 403 is its answer to an account about what does not exist, too."""
        try:
            yield
        except RemoteError as error:
            if error.status not in _REFUSALS:
                raise
            raise RemoteError(
                error.message,
                status=error.status,
                error_code=error.error_code,
                place=self.configuration.url,
                hint=_REFUSALS[error.status],
            ) from error

    def _pages(
        self, method: str, key: str, parameters: dict[str, Any], *, post: bool = False
    ) -> Iterator[dict[str, Any]]:
        token: str | None = None
        while True:
            answer = self._get(method, parameters | {"page_token": token}, post=post)
            items = answer.get(key, [])
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise self._unusable(method)
            yield from items
            following = answer.get("next_page_token")
            if not following:
                return
            if following == token:
                raise self._unusable(method)
            token = following

    def _one(
        self, method: str, parameters: Mapping[str, Any], key: str, what: str, *, post: bool = False
    ) -> dict[str, Any]:
        try:
            found = self._get(method, parameters, post=post).get(key)
        except RemoteError as error:
            # An unknown alias and a version that is no number are "invalid parameters" to MLflow.
            if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                raise
            raise NotFoundError(
                f"There is no {what}.", place=self.configuration.url, hint="List what the workspace holds."
            ) from error
        if not isinstance(found, dict):
            raise self._unusable(method)
        return found

    def _unusable(self, method: str) -> WorkspaceError:
        return WorkspaceError(
            f"The answer to {method.rpartition('/')[2]} is not an MLflow server's.",
            place=self.configuration.url,
            hint="Check that the address is an MLflow 3 tracking server's.",
        )


def _parts(experiment_ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(experiment_ids), EXPERIMENTS_A_SEARCH):
        yield list(experiment_ids[start : start + EXPERIMENTS_A_SEARCH])
