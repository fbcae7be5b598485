"""Gives up what a model needs not, then becomes the scoring process: ``isolation.py JSON PROGRAM ARGUMENTS…``.

It runs before any code of the model, its packages or its environment does, says first on standard output what it
achieved (a frame of kind ``I``, see the worker), and then replaces itself: what is given up stays given up, also in
everything that the model starts. Nobody can take back that frame later.

On Linux that is: new privileges and all capabilities; files, but for those named in the JSON (Landlock); the network,
and all sockets but pairs (seccomp); other processes: signals, tracing, their memory and their environment; namespaces,
mounts, kernel keyrings, io_uring and what else a model has no business with; memory, processes and files beyond limits.
What was given up is not believed but tried, and what still works is named. Elsewhere only the limits are applied.

The JSON: ``read`` and ``write``, files and folders (all below them too); ``hidden``, what must not be readable;
``beside``, a folder where nothing must be made; ``memory``, bytes or null.

This file imports nothing but the standard library, and of that little: it is run by its path, and costs milliseconds.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import resource
import struct
import sys
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["LEVELS", "main"]

#: The levels of isolation, each with all that the ones before it have. ``process``: a process of its own without our
#: environment variables. ``restricted``: neither network, nor files beyond its own, nor other processes. ``container``:
#: that, and the administrator said that the server runs in a container with nothing else in it.
LEVELS = ("process", "restricted", "container")

_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 24, 22, 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_CAPABILITY_VERSION_3, _LAST_CAPABILITY = 0x20080522, 63

# Landlock's rights on files, by the bit.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL = (1 << bit for bit in (0, 1, 2, 3, 14, 15))
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READ = _EXECUTE | _READ_FILE | _READ_DIR
#: How many rights each version of Landlock knows: one that a kernel does not know cannot be asked for.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_RIGHTS = 16
#: The first version of Landlock that keeps signals among the processes of one that gave them up.
_SCOPED = 6

_OPEN_FILES, _PROCESSES = 4096, 4096
#: Address space beyond the limit of memory: libraries reserve much of it and use little.
_RESERVED = 64 << 30

# Calls of the system, by machine: the number on x86_64 and on aarch64, -1 where there is none.
_REFUSED = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "process_madvise": (440, 440),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "quotactl": (179, 60), "acct": (163, 89),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, -1),
    "ioperm": (173, -1), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190),
    "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "chown": (92, -1), "lchown": (94, -1), "fchownat": (260, 54),
    "truncate": (76, 45),
}  # fmt: skip
#: Landlock has no say over modes and times. Copying a file sets both, so these do nothing and seem to succeed.
_IGNORED = {
    "chmod": (90, -1), "fchmodat": (268, 53), "fchmodat2": (452, 452), "utime": (132, -1), "utimes": (235, -1),
    "futimesat": (261, -1), "utimensat": (280, 88),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKETPAIR = (56, 220), (435, 435), (53, 199)
#: Ways to send a signal, each to the process that its first argument names.
_SIGNALS = ((62, 129), (234, 131), (129, 138), (297, 240))
_TKILL = (200, 130)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020080
_SOCK_STREAM, _SOCK_TYPES = 1, 0xF

Instruction = tuple[int, int, int, int]
"""One of the filter's: code, where to go on if it is so and if not, operand."""


def main() -> None:
    """Give up, say what was achieved, and become the program of the arguments."""
    wanted = json.loads(sys.argv[1])
    missing = restrict(wanted)
    told = json.dumps({"level": LEVELS[0] if missing else LEVELS[1], "missing": missing}).encode()
    os.write(1, struct.pack("<cQ", b"I", len(told)) + told)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - there is no shell, and there must be none


def restrict(wanted: dict[str, Any]) -> list[str]:
    """Give up what there is to give up; in words, what could not be."""
    _limit(wanted["memory"])
    if sys.platform != "linux":
        return [f"files, network and other processes: {sys.platform} has no Landlock and no seccomp"]
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    missing: list[str] = []
    steps: dict[str, Callable[[], None]] = {
        "privileges": lambda: _give_up_privileges(libc),
        "files": lambda: _give_up_files(libc, _checked(version), wanted["read"], wanted["write"]),
        "network": lambda: _give_up_calls(libc, signals=version < _SCOPED),
    }
    for what, give_up in steps.items():
        try:
            give_up()
        except OSError as error:
            missing.append(f"{what}: {error.strerror or error}")
    return missing + [what for what, held in _attempts(libc, wanted).items() if not held]


# Limits -------------------------------------------------------------------------------------------------------------


def _limit(memory: int | None) -> None:
    """Never above what holds already; CPU time has no limit, since a refresh may take hours."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: _OPEN_FILES, resource.RLIMIT_NPROC: _PROCESSES}
    if memory is not None:
        # What is written to counts; address space only keeps shared memory from being a way around that.
        limits |= {resource.RLIMIT_DATA: memory, resource.RLIMIT_AS: memory + _RESERVED}
    for which, value in limits.items():
        _, most = resource.getrlimit(which)
        lowest = value if most == resource.RLIM_INFINITY else min(value, most)
        try:
            resource.setrlimit(which, (lowest, lowest))
        except (OSError, ValueError):
            continue  # macOS refuses some; where it counts, memory, a test of what works is the only proof anyway


def _give_up_privileges(libc: ctypes.CDLL) -> None:
    """No program gives any back, and root is no more than the owner of its files."""
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    for capability in range(_LAST_CAPABILITY + 1):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the last that this kernel knows, or there is no right to drop any, and nothing to be had by it
    header, none = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0), bytes(24)
    _checked(libc.capset(header, none))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


# Files: Landlock ----------------------------------------------------------------------------------------------------


def _give_up_files(libc: ctypes.CDLL, version: int, read: Iterable[str], write: Iterable[str]) -> None:
    every = (1 << _RIGHTS.get(version, _ALL_RIGHTS)) - 1
    attributes = struct.pack("<QQQ", every, 3 if version >= 4 else 0, 3 if version >= _SCOPED else 0)
    # A kernel takes the part that it knows: files; from 4 on binding and connecting; from 6 on signals and sockets.
    known = attributes[: 24 if version >= _SCOPED else 16 if version >= 4 else 8]
    rules = _checked(libc.syscall(_LANDLOCK_CREATE, known, ctypes.c_size_t(len(known)), ctypes.c_uint(0)))
    for paths, rights in ((read, _READ & every), (write, every)):
        for path in paths:
            _allow(libc, rules, path, rights)
    _checked(libc.syscall(_LANDLOCK_RESTRICT, rules, ctypes.c_uint(0)))
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not every system has every file, and what cannot be opened needs no rule
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib costs more than all of this
            rights &= _ON_FILES
        rule = struct.pack("<Qi", rights, opened)
        _checked(libc.syscall(_LANDLOCK_ADD, rules, ctypes.c_int(1), rule, ctypes.c_uint(0)))
    finally:
        os.close(opened)


# Network, processes and the rest: seccomp ---------------------------------------------------------------------------


def _give_up_calls(libc: ctypes.CDLL, *, signals: bool) -> None:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        raise OSError(errno.ENOSYS, f"there is no filter for {platform.machine()}")
    program = b"".join(struct.pack("<HBBI", *each) for each in _filter(*machine, os.getpid() if signals else None))
    content = ctypes.create_string_buffer(program, len(program))
    packed = struct.pack("@HP", len(program) // 8, ctypes.addressof(content))
    _checked(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, packed, 0, 0))


def _filter(column: int, architecture: int, own: int | None) -> list[Instruction]:
    """A program for the kernel's filter: what is not named is let through.

    Args:
        column: the machine's, in the tables of calls.
        architecture: its name for the kernel; what calls in another's way is refused everything.
        own: the one process that may be sent signals; None, where Landlock sees to that.
    """
    refuse, ignore = _answer(errno.EPERM), _answer(0)
    load_number, load_architecture = (0x20, 0, 0, 0), (0x20, 0, 0, 4)
    program = [
        load_architecture, (0x15, 1, 0, architecture), refuse,
        load_number, (0x35, 0, 1, _X32), refuse,
    ]  # fmt: skip
    for numbers, answer in ((_REFUSED, refuse), (_IGNORED, ignore)):
        for each in numbers.values():
            if each[column] >= 0:
                program += [(0x15, 0, 1, each[column]), answer]
    # Its flags lie in memory, out of the filter's sight; whoever asks for it then asks for clone.
    program += [(0x15, 0, 1, _CLONE3[column]), _answer(errno.ENOSYS)]
    program += _unless(_CLONE[column], [_argument(0), (0x45, 0, 1, _NEW_NAMESPACES), refuse])
    # A pair of datagram sockets could be led elsewhere later; a connected stream cannot.
    stream = [_argument(1), (0x54, 0, 0, _SOCK_TYPES), (0x15, 1, 0, _SOCK_STREAM), refuse]
    program += _unless(_SOCKETPAIR[column], stream)
    if own is not None:
        to_itself = [_argument(0), (0x15, 1, 0, own), refuse]
        program += [instruction for each in _SIGNALS for instruction in _unless(each[column], to_itself)]
        program += [(0x15, 0, 1, _TKILL[column]), refuse]
    return [*program, _PASS]


_PASS: Instruction = (0x06, 0, 0, 0x7FFF0000)


def _answer(code: int) -> Instruction:
    return (0x06, 0, 0, 0x00050000 | code)


def _argument(index: int) -> Instruction:
    return (0x20, 0, 0, 16 + 8 * index)


def _unless(number: int, checks: list[Instruction]) -> list[Instruction]:
    """``checks`` for one call, which passes when none of them answers."""
    return [(0x15, 0, len(checks) + 1, number), *checks, _PASS]


# Trying it ----------------------------------------------------------------------------------------------------------


def _attempts(libc: ctypes.CDLL, wanted: dict[str, Any]) -> dict[str, bool]:
    """Whether each attempt at what must not work failed, by what it would mean if it did not."""
    parent = os.getppid()
    attempts: dict[str, Callable[[], Any]] = {
        "files: any folder can be listed": _reading("/"),
        "files: new ones can be made anywhere": _making(wanted["beside"]),
        "processes: others can be sent signals": lambda: os.kill(parent, 0),
        "processes: the environment of others can be read": _reading(f"/proc/{parent}/environ"),
    }
    attempts |= {f"files: {path} can be read": _reading(path) for path in wanted["hidden"]}
    for name, family in (("Internet", 2), ("IPv6", 10), ("UNIX", 1)):
        attempts[f"network: {name} sockets can be made"] = _connecting(libc, family)
    return {what: _fails(attempt) for what, attempt in attempts.items()}


def _making(folder: str) -> Callable[[], Any]:
    def make() -> None:
        path = f"{folder}/isolation-{os.getpid()}"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(path)  # noqa: PTH108

    return make


def _connecting(libc: ctypes.CDLL, family: int) -> Callable[[], Any]:
    return lambda: _checked(libc.socket(family, 1, 0))


def _reading(path: str) -> Callable[[], Any]:
    def read() -> None:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.listdir(opened) if os.path.isdir(path) else os.read(opened, 1)  # noqa: PTH112, PTH208
        finally:
            os.close(opened)

    return read


def _fails(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


if __name__ == "__main__":
    main()
