"""Runs the job's processes as an init process must: forwards SIGTERM, keeps deadlines, reaps.

Standard output and error are inherited, never captured, so nothing is lost or blocked.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType, TracebackType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        code: its exit code, or minus the number of the signal that killed it.
        peak_rss: the most memory that it had, in bytes.
        out_of_time: whether it was killed because it did not stop in time.
    """

    code: int
    peak_rss: int
    out_of_time: bool


class Supervisor:
    """Starts one process after the other and stays in control of signals meanwhile.

    Args:
        seconds: how long processes may go on after SIGTERM before they are killed.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.stop_requested = False
        self._out_of_time = False
        self._process = 0
        self._forwards = False

    def __enter__(self) -> "Supervisor":
        set_process_option(PR_SET_CHILD_SUBREAPER, 1)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGALRM, self._on_deadline)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def run(
        self,
        command: list[str],
        environment: Mapping[str, str],
        *,
        forward_stop: bool,
        output: int | None = None,
    ) -> Ending:
        """Run ``command`` in a process group of its own until it ends, and end what it leaves.

        Args:
            command: the program and its arguments.
            environment: its environment.
            forward_stop: whether it gets SIGTERM when this process does. It starts with SIGTERM
                blocked, so that none is lost before it has a handler.
            output: a file descriptor for its standard output.
        """
        self._forwards = forward_stop
        self._process = os.posix_spawn(
            command[0],
            command,
            environment,
            setpgroup=0,
            setsigmask=[signal.SIGTERM] if forward_stop else [],
            file_actions=[] if output is None else [(os.POSIX_SPAWN_DUP2, output, 1)],
        )
        if self.stop_requested:
            self._forward()
        try:
            return self._wait()
        finally:
            self._kill()
            self._process = 0

    def _wait(self) -> Ending:
        while True:
            process, status, usage = os.wait4(-1, 0)
            if process == self._process:
                code = os.waitstatus_to_exitcode(status)
                kilobytes = usage.ru_maxrss
                return Ending(code, kilobytes * 1024, self._out_of_time)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        if not self.stop_requested:
            self.stop_requested = True
            signal.setitimer(signal.ITIMER_REAL, self.seconds)
        if self._process:
            self._forward()

    def _on_deadline(self, number: int, frame: FrameType | None) -> None:
        self._out_of_time = True
        self._kill()

    def _forward(self) -> None:
        if self._forwards:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGTERM)

    def _kill(self) -> None:
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process, signal.SIGKILL)


def set_process_option(option: int, value: int) -> None:
    """Call prctl(2), which only Linux has; elsewhere the bench runs without these options."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)
