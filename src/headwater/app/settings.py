"""What a run of M may reach and how it behaves, as people write it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headwater.errors import UsageError
from headwater.powerquery import Session
from headwater.powerquery.connections import Connections


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The settings of a run, each as on the command line.

    Args:
        culture: how text is read and written, e.g. ``de-DE``.
        time_zone: the zone of local times, e.g. ``Europe/Berlin``.
        clock: what ``DateTime.LocalNow`` gives, e.g. ``2026-01-31T12:00:00``; "" is the time of day.
        seed: makes random numbers the same in every run.
        folders: folders that M may read.
        maps: what paths of another machine stand for here: ``C:\\data=./data``.
        origins: web addresses that M may call without a credential: ``https://example.com``.
        networks: private networks in which those may lie: ``10.0.0.0/8``.
        connections: a file with connections.
        ignore_privacy: leave the privacy levels of connections out of account.
    """

    culture: str = "en-US"
    time_zone: str = "UTC"
    clock: str = ""
    seed: int | None = None
    folders: Sequence[Path] = ()
    maps: Sequence[str] = ()
    origins: Sequence[str] = ()
    networks: Sequence[str] = ()
    connections: Path | None = None
    ignore_privacy: bool = False

    def session(self, *folders: Path) -> Session:
        """A session with these settings that may read ``folders`` too.

        Raises:
            UsageError: a setting cannot be read.
            NotFoundError: there is no such file of connections.
        """
        zone = _zone(self.time_zone)
        session = Session(
            self.culture,
            zone,
            folders=[*folders, *self.folders],
            seed=self.seed,
            connections=_connections(self.connections),
            path_map=dict(_mapped(text) for text in self.maps),
            origins=[_origin(text) for text in self.origins],
            networks=[_network(text) for text in self.networks],
            ignore_privacy=self.ignore_privacy,
        )
        if self.clock:
            moment = _moment(self.clock, zone)
            session.clock = lambda: moment
        return session


def _zone(name: str) -> dt.tzinfo:
    try:
        return dt.UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"There is no time zone '{name}'.", hint="Name one like Europe/Berlin or UTC.") from None


def _moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no moment.", hint="Write it like 2026-01-31T12:00:00.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _mapped(text: str) -> tuple[str, Path]:
    there, equals, here = text.partition("=")
    if not equals or not there or not here:
        raise UsageError(f"'{text}' maps nothing.", hint=r"Write it like C:\data=./data.")
    if not Path(here).is_dir():
        raise UsageError(f"There is no folder '{here}' that '{there}' could stand for.", hint="Check the path.")
    return there, Path(here)


def _origin(text: str) -> str:
    from headwater.net.origins import parse_origin

    return str(parse_origin(text))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise UsageError(f"'{text}' is no network.", hint="Write it like 10.0.0.0/8.") from None


def _connections(file: Path | None) -> Connections:
    if file is None:
        return Connections()
    from headwater.powerquery.connections.file import read_connections

    return read_connections(file)
