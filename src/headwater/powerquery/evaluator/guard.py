"""Runs a module in a process that never outlives its parent: ``python -m ….guard LIFELINE MODULE ARGUMENT…``.

LIFELINE is the number of a pipe's reading end; the parent holds the other one and never writes. When the parent is
gone, however it went, the pipe is at its end, and so is this process.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1
"""Ask Linux for a signal when the thread that started this process ends (prctl)."""


def _watch(lifeline: int) -> None:
    if sys.platform == "linux":
        # Comes through even while a long call into C keeps the thread below from running.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def wait() -> None:
        os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True, name="lifeline").start()


def main() -> None:
    """Watch the lifeline and run the module."""
    lifeline, module = int(sys.argv[1]), sys.argv[2]
    _watch(lifeline)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
