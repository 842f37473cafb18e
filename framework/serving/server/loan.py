"""Lets the thread that predicts poll, too: a quick answer then needs no hand-over between threads.

The worker's own thread, the lender, leaves the poller to the thread that predicts, the borrower,
and takes it back when a prediction is not quick, so nobody waits for that one.
"""

import threading
import time
from collections.abc import Callable

PATIENCE_SECONDS = 0.005


class Loan:
    """One loan of the poller. At any moment one of the two threads uses it.

    Args:
        seconds: after which it ends by itself.
    """

    def __init__(self, seconds: float):
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._polls = False
        self._away_since = time.monotonic()
        self._taken_back = False
        self._error: BaseException | None = None

    def wait(self) -> bool:
        """The lender's part: until the poller is its own again; whether it was given back.

        Raises:
            BaseException: what the borrower raised.
        """
        while not self._over.wait(PATIENCE_SECONDS):
            if self._take_back():
                return False
        if self._error:
            raise self._error
        return True

    def use(self, work: Callable[[], None]) -> None:
        """The borrower's part: ``work`` polls as long as it may."""
        try:
            work()
        except BaseException as error:
            self._error = error
        finally:
            self._over.set()

    def may_poll(self) -> bool:
        """Whether the borrower still has the poller, which it uses from now on."""
        with self._lock:
            self._polls = not self._taken_back and self.left > 0
        return self._polls

    def leave_poller(self) -> None:
        """The borrower does not use the poller until it asks again."""
        self._away_since = time.monotonic()
        self._polls = False

    @property
    def left(self) -> float:
        """Seconds."""
        return self._until - time.monotonic()

    def _take_back(self) -> bool:
        if self._polls or time.monotonic() - self._away_since < PATIENCE_SECONDS:
            return False
        with self._lock:
            self._taken_back = not self._polls
        return self._taken_back
