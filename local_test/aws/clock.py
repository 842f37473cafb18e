"""The clock that schedules, waits, alarms and bake times of the local AWS go by."""

import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Real time that can be moved forward, or let run faster.

    Jobs run in real time: their limits count seconds of this machine, whatever the clock says.

    Args:
        speed: seconds of this clock per second of real time.
    """

    def __init__(self, speed: float = 1.0):
        self._changed = threading.Condition()
        self._anchor = time.time()
        self._shown = self._anchor
        self._speed = speed
        self._watchers: list[Callable[[datetime], None]] = []

    def time(self) -> float:
        """Seconds since the epoch."""
        with self._changed:
            return self._now()

    def now(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, by: timedelta) -> None:
        """Move forward at once. Everything that falls due on the way is done in order."""
        if by < timedelta(0):
            raise ValueError("The clock moves forward only.")
        with self._changed:
            self._anchor, self._shown = time.time(), self._now() + by.total_seconds()
            self._changed.notify_all()
        self.tick()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Sleep until this clock has gone on by ``seconds``; False when ``stop`` came first."""
        until = self.time() + seconds
        with self._changed:
            while (left := until - self._now()) > 0:
                if stop is not None and stop.is_set():
                    return False
                self._changed.wait(min(left / self._speed, 0.1))
        return True

    def watch(self, watcher: Callable[[datetime], None]) -> None:
        """Call ``watcher`` with the time after every step of the clock (at least each second)."""
        self._watchers.append(watcher)

    def tick(self) -> None:
        """Tell the watchers what time it is; one that fails says so, and stops no other."""
        now = self.now()
        for watcher in tuple(self._watchers):
            try:
                watcher(now)
            except Exception as error:
                traceback.print_exception(error)

    def _now(self) -> float:
        return self._shown + (time.time() - self._anchor) * self._speed
