"""Launcher: become the given command, bound to die with the process that started it.

Run as a script in a fresh interpreter (`python -I -S leash.py PARENT SIGNAL UID:GID|- COMMAND…`). It asks the
Linux kernel to send SIGNAL when the starting thread ends, however that happens (`PR_SET_PDEATHSIG`), and then
replaces itself by COMMAND, so that the process id stays the same. Doing this here and not between fork and
exec keeps it safe in programs with threads.

With UID:GID (as root; PostgreSQL refuses to run as root) it gives up root for that user, and keeps one
capability: to look into directories that are closed to that user, such as a checkout below /root. Nothing on
the disk changes its mode for this, and no user is created.

On other systems than Linux the command is not bound to its parent: it ends when it is stopped.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def main(arguments: list[str]) -> None:
    """Bind, drop, become."""
    parent, death_signal, user, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        uid, gid = user.split(":")
        _become(libc, int(uid), int(gid))
    if sys.platform == "linux":
        _checked(libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
        if os.getppid() != int(parent):  # it ended before the kernel was asked
            sys.exit(1)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # this interpreter ignored it, and ignoring is inherited
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


def _become(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    capability = _readable_capability()
    if capability is not None:
        _checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        _keep_only(libc, capability)


def _readable_capability() -> int | None:
    """Return the smaller of the two capabilities that open closed directories, if this process has one."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is slow to import
            permitted = next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm:"))
    except FileNotFoundError:
        return None
    return next((bit for bit in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if permitted >> bit & 1), None)


def _keep_only(libc: ctypes.CDLL, capability: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    # effective, permitted, inheritable of the low 32 capabilities, then of the high ones
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _checked(libc.capset(header, sets))
    _checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


if __name__ == "__main__":
    main(sys.argv[1:])
