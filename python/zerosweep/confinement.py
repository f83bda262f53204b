"""A process that opens a stranger's file gives up what it does not need before: it cannot write, change or remove a file, read one
outside Python and the system's libraries, reach the network, start or signal a process, or gain rights. It ends after some
minutes of computing. Where the kernel cannot do that (Landlock: Linux 5.13 or newer; x86-64), NotConfined is raised.
"""

from __future__ import annotations

import ctypes
import json
import os
import pathlib
import resource
import struct
import sys
import sysconfig
from collections.abc import Callable

LEAST_ADDRESSES = 6 << 30
MOST_SECONDS = 600

# linux/landlock.h, linux/prctl.h, linux/seccomp.h and linux/filter.h.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LANDLOCK_VERSION, PATH_BENEATH = 1, 1
READ_FILE, READ_DIRECTORY = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many there are, by version of Landlock
NETWORK_RIGHTS = 0b11  # bind and connect, since version 4
SIGNALS_AND_SOCKETS = 0b11  # scopes, since version 6
# System calls of x86-64 that Landlock leaves open: change of owner, mode, times and attributes; sockets; processes and signals.
DENIED = [90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 41, 42, 43, 49, 50, 53, 59, 322, 62, 129, 297, 424, 101, 310, 311, 165, 155, 161, 272, 308, 425, 426, 427]


class NotConfined(Exception):
    """The kernel cannot confine this process."""


def forbid_by_landlock(readable: list[pathlib.Path]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    if version < 1:
        raise NotConfined("this kernel has no Landlock")
    handled = (1 << FILE_RIGHTS[min(version, 5)]) - 1
    attributes = struct.pack("QQQ", handled, NETWORK_RIGHTS if version >= 4 else 0, SIGNALS_AND_SOCKETS if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        raise NotConfined("Landlock refuses the rules")
    for place in readable:
        if not place.exists():
            continue
        descriptor = os.open(place, os.O_PATH)
        rights = READ_FILE | READ_DIRECTORY if place.is_dir() else READ_FILE
        if libc.syscall(LANDLOCK_ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0) != 0:
            raise NotConfined("Landlock refuses a rule")
        os.close(descriptor)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0:
        raise NotConfined("Landlock does not take effect")
    os.close(ruleset)


def forbid_by_seccomp() -> None:
    """A filter that answers the DENIED calls with EPERM, and those of another architecture by the end of the process."""
    if os.uname().machine != "x86_64":
        raise NotConfined("only x86-64 is supported")

    def instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    load, equal, above, answer = 0x20, 0x15, 0x35, 0x06
    program = instruction(load, 4) + instruction(equal, 0xC000003E, yes=1) + instruction(answer, 0x80000000)  # the architecture
    program += instruction(load, 0) + instruction(above, 0x40000000, no=1) + instruction(answer, 0x80000000)  # no calls of x32
    for call in DENIED:
        program += instruction(equal, call, no=1) + instruction(answer, 0x00050000 | 1)
    program += instruction(answer, 0x7FFF0000)
    code = ctypes.create_string_buffer(program, len(program))
    filter_of = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code)))
    if ctypes.CDLL(None).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_of, 0, 0) != 0:
        raise NotConfined("this kernel has no seccomp filters")


def give_up_rights(files: list[pathlib.Path], addresses: int | None, seconds: int = MOST_SECONDS) -> None:
    """From here on this process reads these files and nothing else of the user's; with `addresses` it takes at most so many (or four
    times the files)."""
    if addresses:
        addresses = max(addresses, 4 * sum(file.stat().st_size for file in files))
        resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    system = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system", "/dev/null", "/dev/urandom"]
    python = [*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()]
    forbid_by_landlock([pathlib.Path(place) for place in [*system, *filter(None, python), *files]])
    forbid_by_seccomp()


def print_answer(compute: Callable[[], dict]) -> None:
    """One line of JSON: what `compute` returns, {"missing": package}, or {"error": one line}."""
    try:
        answer = compute()
    except NotConfined as error:
        answer = {"error": f"{error}, so it is not safe to run it"}
    except ImportError as error:
        answer = {"missing": error.name or str(error)}
    except Exception as error:
        answer = {"error": (str(error).strip().splitlines() or [type(error).__name__])[0]}
    print(json.dumps(answer))
