"""A worker in a process of its own that is killed or stopped at a named moment of its work, or goes on.

    python program.py HOME REFRESH MOMENT NUMBER kill|stop|full|no_room|work

``full``: from that moment on no file may become larger than a megabyte or so; ``no_room``: nor larger than it is.
``work``: it does whatever is due.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from headwater import moments
from headwater.access import SYSTEM
from headwater.app.refreshing import Refreshing
from headwater.app.runtime import Headwater
from headwater.jobs import Worker, WorkerOptions

MOST_BYTES = 1_500_000


def at_the_moment(do: str, app: Headwater) -> None:
    """What is done there."""
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "stop":
        # Not in the middle of a heartbeat: with SQLite's one lock in its hand it would stop everybody.
        give_up = time.monotonic() + 5
        while app.database.engine.pool.checkedout() and time.monotonic() < give_up:  # type: ignore[attr-defined]
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGSTOP)
    if do in {"full", "no_room"}:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES if do == "full" else 0, resource.RLIM_INFINITY))


def main(home: str, refresh: str, moment: str, number: str, do: str) -> None:
    """Carry out a refresh, and do that at the n-th coming to the moment."""
    left = int(number)

    def there(_name: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            at_the_moment(do, app)

    options = WorkerOptions(lease=1.5, heartbeat=0.2, poll=0.1, parallel=1, grace=1)
    with Headwater.open(Path(home)) as app:
        moments.on(moment, there)
        if do == "work":
            Worker(app.database, app.job_handlers, options).run(threading.Event())
        Refreshing(app.database, app.dataflows, app.refresher, options).carry_out(SYSTEM, refresh)


if __name__ == "__main__":
    main(*sys.argv[1:])
