"""Run a command, and end it with everything it started when standard input ends.

Run as a program (``python -I -S guard.py COMMAND …``) that leads a process group of its own. Whoever starts it holds
the other end of its standard input: closing it, or dying by whatever cause, ends the whole group. (Linux's
parent-death signal would reach only the first child and is tied to a thread; macOS has none.) It imports nothing of
Headwater, so that it costs little.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

__all__ = ["GRACE_SECONDS", "main"]

#: How long the group has to end in good order before it is killed.
GRACE_SECONDS = 5.0


def main(command: list[str]) -> int:
    """Run ``command`` in this process group until it ends or standard input does; returns its exit status."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Ctrl+C is for whoever started us to handle; they close our input then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_default_signals)  # noqa: PLW1509 one thread
    threading.Thread(target=_end_group_at_end_of_input, args=(child,), daemon=True).start()
    status = child.wait()
    # What the child may have left behind belongs to the group too.
    os.killpg(0, signal.SIGTERM)
    return status


def _default_signals() -> None:
    # Ignored signals stay ignored across exec: without this the command could not be told to stop.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end_group_at_end_of_input(child: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    ends = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < ends:
        if child.poll() is not None:
            return
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
