"""A worker in a process of its own that is killed or stopped at a named moment of its work, or goes on.

python program.py HOME DATABASE REFRESH MOMENT NUMBER kill|stop|nothing
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from headwater import moments
from headwater.access import SYSTEM
from headwater.app.home import Home
from headwater.app.refreshing import Refreshing
from headwater.app.runtime import Headwater
from headwater.jobs import WorkerOptions

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def main(home: str, database: str, refresh: str, moment: str, number: str, do: str) -> None:
    """Carry out a refresh, and do that at the n-th coming to the moment."""
    left = int(number)

    def there(_name: str) -> None:
        nonlocal left
        left -= 1
        if left == 0 and do in _SIGNALS:
            os.kill(os.getpid(), _SIGNALS[do])

    Home.database_url = property(lambda _home: database)  # type: ignore[method-assign,assignment]
    options = WorkerOptions(lease=1.5, heartbeat=0.2, poll=0.1, parallel=1, grace=1)
    with Headwater.open(Path(home)) as app:
        moments.on(moment, there)
        state = Refreshing(app.database, app.dataflows, app.refresher, options).carry_out(SYSTEM, refresh)
    print(state.status)


if __name__ == "__main__":
    main(*sys.argv[1:])
