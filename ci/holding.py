"""Hold the endpoint's lock for as long as a command works, and say what it waits for."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from ci.client import saying
from ci.errors import CiError
from ci.stacks import Say
from ci.steps.setting import Setting

LEASE_SECONDS = 60
POLL_SECONDS = 2
WAIT_SECONDS = 4 * 3600


class LockLost(CiError):
    """Somebody else holds the lock now."""


@dataclass
class Held:
    """The lock, renewed in the background while it is held."""

    renew: Callable[[], bool]
    _until: float = field(default_factory=lambda: time.monotonic() + LEASE_SECONDS)
    _ended: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Before every change.

        Raises:
            LockLost: it was not renewed in time, and another went on.
        """
        if time.monotonic() > self._until:
            raise LockLost(
                "The endpoint's lock was lost, so nothing more is changed. Run the command again."
            )

    def keep(self) -> None:
        """Renew it until ``end``."""
        while not self._ended.wait(LEASE_SECONDS / 4):
            asked = time.monotonic()
            with suppress(Exception):  # the next try may succeed; the lease decides
                self._until = asked + LEASE_SECONDS if self.renew() else 0.0
            if not self._until:
                return

    def end(self) -> None:
        self._ended.set()


@contextmanager
def holding(setting: Setting, say: Say) -> Iterator[Held]:
    """Queue for the endpoint, hold it, and leave it, whatever happens.

    Raises:
        CiError: the turn did not come within four hours.
    """
    me, began, told = _holder(), time.monotonic(), ""
    lock = replace(setting.lock, alive=lambda who: setting.lock.alive(who) and not _died_here(who))
    with saying("queueing for the endpoint"):
        while True:
            mine, holder = lock.acquire(me, LEASE_SECONDS)
            if mine:
                break
            if holder != told:
                say(f"waiting for {holder}, which holds {setting.environment.endpoint_name}")
                told = holder
            if time.monotonic() - began > WAIT_SECONDS:
                lock.release(me)
                raise CiError(f"{holder} has held the endpoint for hours. Look why, and try again.")
            time.sleep(POLL_SECONDS)
    held = Held(lambda: lock.acquire(me, LEASE_SECONDS)[0])
    thread = threading.Thread(target=held.keep, daemon=True)
    thread.start()

    def leave() -> None:
        held.end()
        thread.join()
        with saying("leaving the queue"):
            lock.release(me)

    try:
        yield held
    except BaseException:
        with suppress(CiError):  # what failed first is told; the lease ends by itself
            leave()
        raise
    leave()


def _holder() -> str:
    """Who this is, for people who wait: host and process, and the job where GitLab runs it."""
    job = os.environ.get("CI_JOB_URL") or os.environ.get("CI_JOB_ID", "")
    return f"{socket.gethostname()}:{os.getpid()} {job}".strip()


def _died_here(holder: str) -> bool:
    """Whether it was a process of this machine that is gone, so that nobody waits for its lease."""
    place = holder.partition(" ")[0]
    host, _, process = place.rpartition(":")
    return host == socket.gethostname() and process.isdigit() and not _runs(int(process))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
