"""Leaves a process the few system calls that computing takes: no file, socket, process or signal.

A seccomp filter of the kernel, for Linux on x86-64 and arm64, needing no privilege: what is not in
the table is refused with EPERM, for this process and its threads, which decoders of HEIC start. It
cannot be undone.

Written here because no library serves: those at hand are bindings that want libseccomp installed,
or bring a sandbox of their own. This module imports nothing of ours: run as a program it applies
the filter to itself, and its exit status tells whether that worked.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

# linux/audit.h, linux/seccomp.h, linux/prctl.h, linux/bpf_common.h
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_NO_NEW_PRIVS, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # places in struct seccomp_data
_FIONBIO = 0x5421  # ioctl by which Python gives a socket a timeout
_PROT_EXEC = 4
_CLONE_THREAD = 0x10000


@dataclass(frozen=True, slots=True)
class Calls:
    """Numbers of system calls: those always allowed, and those whose arguments are looked at."""

    audit: int
    always: tuple[int, ...]
    mmap: int
    mprotect: int
    ioctl: int
    prlimit64: int
    kill: tuple[int, ...]
    clone: int
    clone3: int


# read write readv writev pread64 pwrite64 lseek sendto recvfrom poll ppoll select pselect6 close;
# munmap brk madvise mremap; futex sched_yield sched_getaffinity getcpu; clock_gettime gettimeofday
# time times clock_nanosleep nanosleep; rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack
# restart_syscall; getpid getppid gettid getrusage getrlimit setrlimit sysinfo uname getrandom;
# exit exit_group set_robust_list rseq. Without select and time on arm64, which has none.
CALLS = {
    "x86_64": Calls(
        0xC000003E,
        (0, 1, 19, 20, 17, 18, 8, 44, 45, 7, 271, 23, 270, 3, 11, 12, 28, 25, 202, 24, 204, 309,
         228, 96, 201, 100, 230, 35, 13, 14, 15, 131, 219, 39, 110, 186, 98, 97, 160, 99, 63, 318,
         60, 231, 273, 334),
        mmap=9, mprotect=10, ioctl=16, prlimit64=302, kill=(62, 234), clone=56, clone3=435,
    ),
    "aarch64": Calls(
        0xC00000B7,
        (63, 64, 65, 66, 67, 68, 62, 206, 207, 73, 72, 57, 215, 214, 233, 216, 98, 124, 123, 168,
         113, 169, 153, 115, 101, 134, 135, 139, 132, 128, 172, 173, 178, 165, 163, 164, 179, 160,
         278, 93, 94, 99, 293),
        mmap=222, mprotect=226, ioctl=29, prlimit64=261, kill=(129, 131), clone=220, clone3=435,
    ),
}  # fmt: skip


def apply() -> bool:
    """Filter this process from now on; False where the system cannot."""
    calls = CALLS.get(platform.machine())
    if sys.platform != "linux" or calls is None:
        return False
    code = _program(calls, os.getpid())
    held = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: how many instructions, and where
    program = ctypes.create_string_buffer(struct.pack("HP", len(code) // 8, ctypes.addressof(held)))
    prctl = ctypes.CDLL(None).prctl
    zero = ctypes.c_ulong(0)
    if prctl(_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero):
        return False
    return bool(prctl(_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), program, zero, zero) == 0)


def _program(calls: Calls, pid: int) -> bytes:
    """The filter's instructions, of eight bytes each."""
    code = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, calls.audit, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    for number in calls.always:
        code += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    # memory that is to be run as a program
    for number in (calls.mmap, calls.mprotect):
        code += _if(number, 2, _step(_ANY_BIT, _PROT_EXEC, 1, 0))
    code += _if(calls.ioctl, 1, _step(_EQUAL, _FIONBIO, 0, 1))
    code += _if(calls.prlimit64, 0, _step(_EQUAL, 0, 0, 1))  # limits of its own
    for number in calls.kill:  # signals to itself
        code += _if(number, 0, _step(_EQUAL, pid, 0, 1))
    code += _if(calls.clone, 0, _step(_ANY_BIT, _CLONE_THREAD, 0, 1))  # threads, no processes
    # its flags lie in memory that no filter sees; without it the C library takes clone
    code += [_step(_EQUAL, calls.clone3, 0, 1), _step(_RETURN, _ENOSYS)]
    return b"".join([*code, _step(_RETURN, _EPERM)])


def _if(number: int, argument: int, test: bytes) -> list[bytes]:
    """Where the call is ``number``: allowed if the test of the argument's low half says so."""
    return [
        _step(_EQUAL, number, 0, 4),
        _step(_LOAD, _ARGUMENTS + 8 * argument),
        test,
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _EPERM),
    ]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


@cache
def works() -> bool:
    """Whether children of this process can be filtered; tried in one, once a process."""
    if sys.platform != "linux":
        return False
    tried = subprocess.run([sys.executable, "-I", __file__], check=False, capture_output=True)
    return tried.returncode == 0


if __name__ == "__main__":
    os._exit(0 if apply() else 1)
