"""What a connector must do that can list jobs or data: a part of ``ConnectorContract``, for those that say they can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from headwater.workspaces import Connector, DataLister, DataSource, JobInfo, JobLister

if TYPE_CHECKING:
    from tests.workspaces.contract import Expected

_LONG_AGO, _FAR_OFF = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _ids(found: Iterable[JobInfo]) -> list[str]:
    return [job.run_id for job in found]


def _comparable(job: JobInfo) -> tuple[JobInfo, dict[str, str]]:
    """The job, and its metrics as text: one that is no number is not even equal to itself."""
    return replace(job, metrics={}), {name: repr(value) for name, value in job.metrics.items()}


class ListerContract:
    """The suite; the fixtures are ``ConnectorContract``'s."""

    @pytest.fixture
    def jobs(self, connector: Connector) -> JobLister:
        if not isinstance(connector, JobLister):
            pytest.skip("it lists no jobs")
        return connector

    def test_it_says_what_it_can_list(self, connector: Connector) -> None:
        assert isinstance(connector, JobLister) == ("job_listing" in connector.capabilities)
        assert isinstance(connector, DataLister) == ("data_assets" in connector.capabilities)
        assert not isinstance(connector, DataSource)

    def test_every_job_is_listed_once_and_as_it_is_by_itself(
        self, expected: Expected, connector: Connector, jobs: JobLister
    ) -> None:
        listed = list(jobs.list_jobs())
        ids = [job.run_id for job in listed]
        assert expected.run_id in ids and len(ids) == len(set(ids))
        for job in [job for job in listed if job.run_id == expected.run_id] + listed[:5]:
            assert _comparable(job) == _comparable(connector.get_job(job.run_id))
        assert all(job.parent_run_id != job.run_id for job in listed)
        assert all(job.started_at is None or job.started_at.tzinfo is not None for job in listed)

    def test_jobs_are_listed_by_experiment(self, expected: Expected, jobs: JobLister) -> None:
        listed, experiments = list(jobs.list_jobs()), list(jobs.list_experiments())
        names = [experiment.name for experiment in experiments]
        assert len(names) == len(set(names)) and all(experiment.id for experiment in experiments)
        assert {job.experiment for job in listed} - {""} <= set(names)
        of = next(job.experiment for job in listed if job.run_id == expected.run_id)
        assert _ids(jobs.list_jobs([of])) == [job.run_id for job in listed if job.experiment == of]
        assert list(jobs.list_jobs([])) == [] == list(jobs.list_jobs(["there is none"]))

    def test_only_what_has_ended_by_then_is_left_out(self, jobs: JobLister) -> None:
        listed = list(jobs.list_jobs())
        assert _ids(jobs.list_jobs(ended_after=_LONG_AGO)) == _ids(listed)
        assert _ids(jobs.list_jobs(ended_after=_FAR_OFF)) == [job.run_id for job in listed if job.ended_at is None]

    def test_every_data_asset_is_listed_once(self, connector: Connector) -> None:
        if not isinstance(connector, DataLister):
            pytest.skip("it lists no data")
        listed = list(connector.list_data_assets())
        keys = [(found.qualified_name, found.display_name) for found in listed]
        assert keys and len(keys) == len(set(keys))
        for found in listed:
            assert found.source_type and ":" in found.qualified_name and found.qualified_name not in found.aliases
            assert found.updated_at is None or found.updated_at.tzinfo is not None
            assert found.parent is None or found.parent in {name for name, _ in keys}
