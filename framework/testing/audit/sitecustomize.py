"""Records what a checked program does to files, and refuses it the network when asked to.

`check` copies this file to a directory of its own and puts that directory on PYTHONPATH, so
that Python imports it at start. Records go to the same directory, one file per process; the
network is refused when a file named `offline` lies there. Only the standard library, and as
little of it as possible: this runs before anything else.
"""

import _thread
import errno
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_BASE = os.path.join(os.path.dirname(_HERE), "")
_THIS_MACHINE = ("", "localhost", "0.0.0.0", "::", "::1")  # noqa: S104
_OFFLINE = os.path.exists(os.path.join(_HERE, "offline"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Where this run may write as it likes; its home and working directory are looked at afterwards.
_SCRATCH = tuple(
    os.path.join(os.environ[name], "")
    for name in ("TMPDIR", "XDG_CACHE_HOME")
    if name in os.environ
)
# Event → positions of the paths that it changes.
_CHANGES = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.truncate": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "sqlite3.connect": (0,),
}
_seen = set()


class _State(_thread._local):
    """Whether this thread is inside the hook already: recording opens a file, too."""

    busy = False


_state = _State()


def _hook(event, arguments):
    if _state.busy:
        return
    _state.busy = True
    try:
        if event == "open":
            path, _, flags = arguments
            _record("write" if flags & _WRITING else "read", path)
        elif event in _CHANGES:
            for position in _CHANGES[event]:
                _record("write", arguments[position])
        elif event == "socket.getaddrinfo":
            _outbound(arguments[0])
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            _outbound(arguments[1][0])
    finally:
        _state.busy = False


def _record(kind, path):
    """Note a path once per process; reads matter below the base directory only."""
    if isinstance(path, int):
        return
    path = os.path.abspath(os.fsdecode(path))
    wrote = kind == "write" and not os.path.join(path, "").startswith(_SCRATCH)
    if wrote or path.startswith(_BASE):
        _append(f"{kind} {path}")


def _outbound(host):
    host = os.fsdecode(host) if isinstance(host, bytes) else str(host or "")
    if host in _THIS_MACHINE or host.startswith("127."):
        return
    _append(f"network {host}")
    if _OFFLINE:
        raise OSError(errno.ENETUNREACH, f"Network is unreachable ('check' refuses it): {host}")


def _append(line):
    if (os.getpid(), line) in _seen or "\n" in line:
        return
    _seen.add((os.getpid(), line))
    file = os.path.join(_HERE, f"record-{os.getpid()}.txt")
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(descriptor, line.encode("utf-8", "surrogateescape") + b"\n")
    finally:
        os.close(descriptor)


_append("start")
sys.addaudithook(_hook)
