"""Recurrences as cron expressions, filters as patterns of names, and what may be kept of what somebody says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.app.named_scans.filters import filtered
from headwater.app.named_scans.recurrences import parse_recurrence
from headwater.app.named_scans.stated import check_stated
from headwater.catalog import ScanOptions
from headwater.errors import UsageError
from headwater.jobs import cron
from headwater.workspaces import Source

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
START = "2026-03-04T07:30:00Z"


def recurring(frequency: str, interval: int = 1, **schedule: Any) -> dict[str, Any]:
    return {"frequency": frequency, "interval": interval, "startTime": START, "schedule": schedule}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (recurring("Minute", 15), "0,15,30,45 * * * *"),
        (recurring("Hour", 6), "30 1,7,13,19 * * *"),
        (recurring("Hour", minutes=[5]), "5 * * * *"),
        (recurring("Day"), "30 7 * * *"),
        (recurring("Day", hours=[4, 1], minutes=[0]), "0 1,4 * * *"),
        (recurring("Week"), "30 7 * * 3"),
        (recurring("Week", weekDays=["Sunday", "friday"]), "30 7 * * 0,5"),
        (recurring("Month"), "30 7 4 * *"),
        (recurring("Month", 3, monthDays=[1, -1]), "30 7 L,1 3,6,9,12 *"),
        (recurring("Month", 12), "30 7 4 3 *"),
        (recurring("Month", monthlyOccurrences=[{"day": "Monday", "occurrence": 2}]), "30 7 * * 1#2"),
        (recurring("Month", monthlyOccurrences=[{"day": "Friday", "occurrence": -1}]), "30 7 * * 5L"),
    ],
)
def test_recurrences(stated: dict[str, Any], expected: str) -> None:
    found = parse_recurrence(stated)
    assert (found.cron, found.start) == (expected, datetime(2026, 3, 4, 7, 30, tzinfo=UTC))


@given(
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.sets(st.integers(0, 23), min_size=1, max_size=3),
    st.sets(st.integers(0, 59), min_size=1, max_size=3),
)
def test_weekly_is_due_when_a_calendar_says(days: set[str], hours: set[int], minutes: set[int]) -> None:
    found = parse_recurrence(
        recurring("Week", weekDays=sorted(days), hours=sorted(hours), minutes=sorted(minutes))
        | {"timeZone": "Asia/Tokyo"}
    )
    tokyo, after = ZoneInfo("Asia/Tokyo"), datetime(2026, 5, 1, tzinfo=UTC)
    due = list(islice(cron.due_after(found.cron, found.time_zone, after), 5))
    expected: list[datetime] = []
    moment = after
    while len(expected) < 5:
        moment += timedelta(minutes=1)
        local = moment.astimezone(tokyo)
        if DAYS[local.weekday()] in days and local.hour in hours and local.minute in minutes:
            expected.append(moment)
    assert due == expected


def test_time_zones() -> None:
    stated = {"frequency": "Day", "startTime": "2026-07-01T09:00:00", "endTime": "2026-08-01T00:00:00+02:00"}
    found = parse_recurrence(stated | {"timeZone": "Pacific Standard Time"})
    assert (found.cron, found.time_zone) == ("0 9 * * *", "America/Los_Angeles")
    assert found.start == datetime(2026, 7, 1, 16, tzinfo=UTC) and found.end == datetime(2026, 7, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "stated",
    [
        {},
        recurring("Year"),
        recurring("Week", 2),
        recurring("Day", 3),
        recurring("Month", 5),
        recurring("Minute", 7),
        recurring("Week", 0),
        recurring("Week", weekDays=["Moonday"]),
        recurring("Week", hours=[24]),
        recurring("Week", hours=["7"]),
        recurring("Month", monthDays=[0]),
        recurring("Month", monthDays=[1], monthlyOccurrences=[{"day": "Monday", "occurrence": 1}]),
        recurring("Month", monthlyOccurrences=[{"day": "Monday", "occurrence": 6}]),
        recurring("Day") | {"timeZone": "Atlantis"},
        recurring("Day") | {"timeZone": "../etc/passwd"},
        recurring("Day") | {"startTime": "soon"},
    ],
)
def test_what_cron_cannot_say_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        parse_recurrence(stated)
    assert error.value.code == "source.schedule" and error.value.hint


def source(kind: str = "mlflow", url: str = "https://ml.example.com/tracking") -> Source:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Source(1, "lab", "Lab", kind, url, "root", {}, now, 1, "service", (), False)


HOME = "mlflow://ml.example.com:443/tracking"


@pytest.mark.parametrize(
    ("prefix", "pattern"),
    [
        (f"{HOME}/models/fraud_", "fraud_*"),
        ("https://ml.example.com/tracking/models/fraud_", "fraud_*"),
        (f"{HOME}/models/", "*"),
        (f"{HOME}/models/late/", "late"),
        (f"{HOME}/models/late%20one", "late one*"),
    ],
)
def test_prefixes_of_models(prefix: str, pattern: str) -> None:
    included = filtered(source(), ScanOptions(), {"includeUriPrefixes": [prefix]})
    assert (included.options.models, included.unmapped) == ((pattern,), ())
    excluded = filtered(source(), ScanOptions(models=("a",)), {"excludeUriPrefixes": [prefix]})
    assert (excluded.options.models, excluded.options.excluded_models) == (("a",), (pattern,))


@pytest.mark.parametrize(
    "prefix",
    [
        *("https://ml.example.com/tracking", f"{HOME}/jobs/1", f"{HOME}/models/late/versions/1", f"{HOME}/models/a*"),
        *("mlflow://other.example.com:443/tracking/models/a", f"{HOME}/models//"),
    ],
)
def test_what_is_no_prefix_of_models_narrows_nothing(prefix: str) -> None:
    """Of several that are included, one that means nothing lets everything in; to narrow it would lose things."""
    found = filtered(source(), ScanOptions(), {"includeUriPrefixes": [f"{HOME}/models/b", prefix]})
    assert (found.options, found.unmapped) == (ScanOptions(), (prefix,))
    found = filtered(source(), ScanOptions(), {"excludeUriPrefixes": [f"{HOME}/models/b", prefix]})
    assert (found.options, found.unmapped) == (ScanOptions(excluded_models=("b*",)), (prefix,))


def test_a_source_of_data_is_narrowed_by_nothing() -> None:
    found = filtered(source("folder", "file:///lake"), ScanOptions(), {"includeUriPrefixes": ["file:///lake/models/a"]})
    assert (found.options, found.unmapped) == (ScanOptions(), ("file:///lake/models/a",))


@pytest.mark.parametrize("stated", [{"includeUriPrefixes": "x"}, {"excludeUriPrefixes": [1]}])
def test_what_is_no_filter_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        filtered(source(), ScanOptions(), stated)


@pytest.mark.parametrize("name", ["password", "accountKey", "client_secret", "SAS-Token", "connectionString"])
def test_secrets_are_not_kept_and_not_repeated(name: str) -> None:
    for stated in ({name: "hush"}, {"a": [{"b": {name: "hush"}}]}):
        with pytest.raises(UsageError) as error:
            check_stated(stated)
        assert "hush" not in str(error.value.to_dict())
    assert check_stated({name: {"secretName": "reference", "store": "vault"}})
    assert check_stated({"scanRulesetName": "x", "keyVault": None})


def test_what_is_large_is_not_kept() -> None:
    with pytest.raises(UsageError, match="too large"):
        check_stated({"note": "x" * 70_000})
