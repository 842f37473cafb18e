"""The first process: listens, loads the model, starts workers and replaces those that end."""

import contextlib
import gc
import mmap
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from framework.cgroup import memory_limit
from framework.errors import EXIT_KNOWN, EXIT_OK
from framework.serving import log
from framework.serving.app import create_app
from framework.serving.batch import Batches
from framework.serving.exchange import Service
from framework.serving.growth import Growth, workers_that_fit
from framework.serving.loading import LoadingResponder
from framework.serving.model import ServedModel
from framework.serving.pipeline import Pipeline
from framework.serving.server.balance import Balance
from framework.serving.server.express import Express
from framework.serving.server.worker import DRAIN_SECONDS, STOP_SIGNALS, Worker
from framework.serving.settings import Settings
from framework.serving.telemetry import (
    Telemetry,
    directory_in_memory,
    forget,
    prepare,
    take_place,
)

THREADS_FOR_PINGS = 8
MOST_CONNECTIONS = 4096
DESCRIPTORS_FOR_THE_REST = 200
MOST_FAILED_STARTS = 3
MOST_NEWER = 64
FORK_SAFE_THREADS = {"jemalloc_bg_thd"}  # pyarrow's; jemalloc starts it again after a fork
SYSTEMD_SOCKET = 3  # the descriptor at which gunicorn takes over a socket, as systemd passes it


class Server(BaseApplication):
    """Listens, says 503 while the model loads, then answers from worker processes.

    Args:
        settings: how to serve.
        load: loads the model; called once before the fork, or else in every worker.
    """

    def __init__(self, settings: Settings, load: Callable[[], ServedModel]):
        self.settings = settings
        self._load_model = load
        self._model: ServedModel | None = None
        self._load_seconds = 0.0
        self._responder = LoadingResponder()
        self._notes = Notes(workers=0 if settings.fewer_workers else settings.workers)
        self._balance = Balance()
        self._failed_starts = 0
        super().__init__()

    def serve(self) -> int:
        """Serve until a signal says stop, and return the exit code.

        Raises:
            Exception: what loading the model raised, when that happens before the fork.
        """
        prepare()
        try:
            Master(self).run()
        except SystemExit as stop:
            return EXIT_KNOWN if stop.code else EXIT_OK
        finally:
            forget()
        return EXIT_OK

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in {
            "bind": [f"0.0.0.0:{self.settings.port}"],
            "workers": self.settings.workers,
            "worker_class": Worker,
            "threads": self.settings.queue + 1 + THREADS_FOR_PINGS,
            "worker_connections": _connections(),
            "worker_tmp_dir": directory_in_memory(),
            "timeout": int(self.settings.timeout) + 30,
            "graceful_timeout": DRAIN_SECONDS,
            "keepalive": 75,
            "logger_class": ServerLog,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "when_ready": self._when_listening,
            "pre_fork": _give_place,
            "child_exit": self._when_worker_ended,
        }.items():
            self.cfg.set(name, value)

    @property
    def stopping(self) -> bool:
        """Whether the server, not just one worker, is about to end."""
        return self._notes.stopping

    def announce_stop(self) -> None:
        """Tell all workers that the server is about to end."""
        self._notes.stopping = True

    def announce_leave(self, worker: Worker) -> None:
        """Tell the master that a worker ends as soon as another answers in its place."""
        self._notes.set_leaving(worker.age)

    def may_end(self, worker: Worker) -> bool:
        """Whether another worker answers in its place.

        Nobody waits for one that would load one more copy of the model, for which there may be
        no memory.
        """
        if self._model is None:
            return True
        later = range(worker.age + 1, worker.age + 1 + MOST_NEWER)
        return any(self._notes.is_ready(age) for age in later)

    def note_connections(self, worker: Worker) -> None:
        """Tell the other workers how many connections this one holds, while it takes more."""
        if worker.alive:
            self._balance.note(worker.place, worker.nr_conns)
        else:
            self._balance.forget(worker.place)

    def has_fewest_connections(self, worker: Worker) -> bool:
        """Whether this worker is to take the next one."""
        self.note_connections(worker)
        return self._balance.has_fewest(worker.place)

    def wanted_workers(self, living: Iterable[Worker]) -> int:
        """How many there are to be: one more for each that leaves, where they share the model.

        Where they do not, the first one has to say how many fit.
        """
        if self._model is None:
            return self._notes.workers or 1
        leaving = sum(self._notes.is_leaving(worker.age) for worker in living)
        return self._notes.workers + leaving

    def start_worker(self, worker: Worker) -> tuple[Any, Pipeline, Express]:
        """Make a forked worker ready: its WSGI application and its pipeline."""
        take_place(worker.place)
        model = self._model or self._loaded()
        pipeline = Pipeline(self.settings.queue, self.settings.timeout, worker.retire)
        together = False
        if self.settings.warm_up:
            pipeline.run(model.answer_sample)
            together = pipeline.run(model.may_answer_together)
        telemetry = Telemetry()
        telemetry.holds(0, 0)
        telemetry.serves(self._load_seconds, model.manifest)
        service = Service(model, pipeline, self.settings, telemetry, worker.unavailable)
        app = create_app(service)
        batches = Batches(model, telemetry, together)
        express = Express(service, batches, worker.send, lambda: worker.alive, worker.retire)
        self._count_workers(shared=False)
        worker.growth = Growth.within(self.settings, self._notes.workers)
        self._notes.set_ready(worker.age)
        self._responder.stop()
        return app, pipeline, express

    def _count_workers(self, shared: bool) -> None:
        if not self._notes.workers:
            self._notes.workers = workers_that_fit(self.settings.workers, shared)

    def _loaded(self) -> ServedModel:
        began = time.monotonic()
        model = self._load_model()
        self._load_seconds = time.monotonic() - began
        return model

    def _when_listening(self, master: Arbiter) -> None:
        listener = master.LISTENERS[0].sock
        log.info("listening", port=listener.getsockname()[1], workers=self.settings.workers)
        self._responder.start(listener)
        if not self.settings.preload:
            return
        with _signals_end_the_process():
            self._model = self._loaded()
        if threads := _threads_that_a_fork_breaks():
            log.warning(
                "loading started threads; every worker loads its own model", threads=threads
            )
            _start_again_without_preload(listener.fileno())
        self._count_workers(shared=True)
        gc.freeze()  # else the workers' garbage collectors would copy the model page by page

    def _when_worker_ended(self, master: Arbiter, worker: Worker) -> None:
        def nobody_answers() -> bool:
            return not any(self._notes.is_ready(other.age) for other in master.WORKERS.values())

        was_ready = self._notes.take_ready(worker.age)
        self._balance.forget(worker.place)
        if self.stopping or not nobody_answers():
            return
        self._failed_starts = 0 if was_ready else self._failed_starts + 1
        if self._failed_starts >= MOST_FAILED_STARTS:
            log.error(
                f"{self._failed_starts} workers ended before they were ready. A worker that is "
                "killed while it loads most often needs more memory than there is: choose a larger "
                "instance, or set SAGEMAKER_MODEL_SERVER_WORKERS=1.",
                memory_limit=memory_limit(),
            )
            raise HaltServer("No worker gets ready.", EXIT_KNOWN)
        self._responder.start(master.LISTENERS[0].sock, nobody_answers)


def _give_place(master: Arbiter, worker: Worker) -> None:
    """The lowest number that no other worker has: who replaces one gets the same."""
    taken = {other.place for other in master.WORKERS.values()}
    worker.place = next(place for place in count() if place not in taken)


class Notes:
    """What the processes of one server tell each other, in memory that they share."""

    STOPPING, WORKERS, FIRST_WORKER = 0, 1, 5
    READY, LEAVING = 1, 2

    def __init__(self, workers: int) -> None:
        self._bytes = mmap.mmap(-1, mmap.PAGESIZE)
        self.workers = workers

    @property
    def workers(self) -> int:
        """How many workers there are to be; 0 until it is known."""
        return int.from_bytes(self._bytes[self.WORKERS : self.FIRST_WORKER], "big")

    @workers.setter
    def workers(self, value: int) -> None:
        self._bytes[self.WORKERS : self.FIRST_WORKER] = value.to_bytes(4, "big")

    @property
    def stopping(self) -> bool:
        return self._bytes[self.STOPPING] == 1

    @stopping.setter
    def stopping(self, value: bool) -> None:
        self._bytes[self.STOPPING] = value

    def set_ready(self, age: int) -> None:
        """Note that the worker that was started as number ``age`` answers."""
        self._bytes[self._place(age)] = self.READY

    def set_leaving(self, age: int) -> None:
        """Note that it answers until another one does."""
        self._bytes[self._place(age)] = self.LEAVING

    def is_ready(self, age: int) -> bool:
        return self._bytes[self._place(age)] != 0

    def is_leaving(self, age: int) -> bool:
        return self._bytes[self._place(age)] == self.LEAVING

    def take_ready(self, age: int) -> bool:
        """Whether it answered; forgotten from now on."""
        was_ready = self.is_ready(age)
        self._bytes[self._place(age)] = 0
        return was_ready

    def _place(self, age: int) -> int:
        return self.FIRST_WORKER + age % (len(self._bytes) - self.FIRST_WORKER)


class Master(Arbiter):
    """gunicorn's master, which here only knows how to start and to stop."""

    SIGNALS: ClassVar = [*STOP_SIGNALS]

    def manage_workers(self) -> None:
        self.num_workers = self.app.wanted_workers(self.WORKERS.values())
        super().manage_workers()

    def spawn_worker(self) -> int:
        """Fork a worker, and hold signals back until it has handlers of its own."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            return super().spawn_worker()
        except SystemExit as end:  # this is the worker, and threads of the algorithm may never end
            sys.stdout.flush()
            os._exit(end.code)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def stop(self, graceful: bool = True) -> None:
        self.app.announce_stop()
        while True:
            try:
                return super().stop(graceful)
            except HaltServer:  # one more worker could not start; the others are still to stop
                continue


class ServerLog(Logger):
    """gunicorn's own messages, in the server's format."""

    def setup(self, cfg: Config) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.propagate = True


@contextlib.contextmanager
def _signals_end_the_process() -> Iterator[None]:
    """While the model loads nothing is worth draining."""

    def end(number: int, _frame: Any) -> NoReturn:
        log.info("stopped while loading", signal=signal.Signals(number).name)
        os._exit(EXIT_OK)

    before = {number: signal.signal(number, end) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _threads_that_a_fork_breaks() -> list[str]:
    """Names of the other threads of this process, Python's or not, that a fork does not copy."""
    tasks = [path for path in Path("/proc/self/task").iterdir() if path.name != str(os.getpid())]
    names = [(path / "comm").read_text().strip() for path in tasks]
    return sorted(set(names) - FORK_SAFE_THREADS)


def _start_again_without_preload(listener: int) -> NoReturn:
    """Replace this program, and keep the socket: threads do not survive a fork."""
    forget()
    os.dup2(listener, SYSTEMD_SOCKET, inheritable=True)
    environment = {"SERVING_PRELOAD": "off", "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    sys.stdout.flush()
    os.execve(sys.executable, sys.orig_argv, {**os.environ, **environment})  # noqa: S606


def _connections() -> int:
    """How many one worker may hold, with descriptors left for everything else."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(100, min(MOST_CONNECTIONS, descriptors - DESCRIPTORS_FOR_THE_REST))
