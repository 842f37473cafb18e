"""The first process: listens, loads the model, starts workers and replaces those that end."""

import contextlib
import mmap
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from framework.errors import EXIT_KNOWN, EXIT_OK
from framework.serving import log
from framework.serving.app import Service, create_app
from framework.serving.loading import LoadingResponder
from framework.serving.model import ServedModel
from framework.serving.pipeline import Pipeline
from framework.serving.server.worker import DRAIN_SECONDS, STOP_SIGNALS, Worker
from framework.serving.settings import Settings

THREADS_FOR_PINGS = 8
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
        self._responder = LoadingResponder()
        self._stopping = mmap.mmap(-1, 1)  # shared with the workers
        super().__init__()

    def serve(self) -> int:
        """Serve until a signal says stop, and return the exit code.

        Raises:
            Exception: what loading the model raised, when that happens before the fork.
        """
        try:
            Master(self).run()
        except SystemExit as stop:
            return EXIT_KNOWN if stop.code else EXIT_OK
        return EXIT_OK

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in {
            "bind": [f"0.0.0.0:{self.settings.port}"],
            "workers": self.settings.workers,
            "worker_class": Worker,
            "threads": self.settings.queue + 1 + THREADS_FOR_PINGS,
            "worker_connections": 2 * self.settings.queue + 1000,
            "worker_tmp_dir": _directory_in_memory(),
            "timeout": int(self.settings.timeout) + 30,
            "graceful_timeout": DRAIN_SECONDS,
            "keepalive": 75,
            "logger_class": ServerLog,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "when_ready": self._when_listening,
        }.items():
            self.cfg.set(name, value)

    @property
    def stopping(self) -> bool:
        """Whether the server, not just one worker, is about to end."""
        return self._stopping[0] == 1

    def announce_stop(self) -> None:
        """Tell all workers that the server is about to end."""
        self._stopping[0] = 1

    def start_worker(self, worker: Worker) -> tuple[Any, Pipeline]:
        """Make a forked worker ready: its WSGI application and its pipeline."""
        model = self._model or self._load_model()
        pipeline = Pipeline(self.settings.queue, self.settings.timeout, worker.retire)
        if self.settings.warm_up:
            pipeline.run(model.answer_sample)
        app = create_app(Service(model, pipeline, self.settings, worker.unavailable))
        self._responder.stop()
        return app, pipeline

    def _when_listening(self, master: Arbiter) -> None:
        listener = master.LISTENERS[0].sock
        log.info("listening", port=listener.getsockname()[1], workers=self.settings.workers)
        self._responder.start(listener)
        if not self.settings.preload:
            return
        with _signals_end_the_process():
            self._model = self._load_model()
        if len(os.listdir("/proc/self/task")) > 1:
            log.warning("loading started threads, so every worker loads a model of its own")
            _start_again_without_preload(listener.fileno())


class Master(Arbiter):
    """gunicorn's master, which here only knows how to start and to stop."""

    SIGNALS = [*STOP_SIGNALS]

    def spawn_worker(self) -> int:
        """Fork a worker, and hold signals back until it has handlers of its own."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            return super().spawn_worker()
        except SystemExit as end:  # this is the worker, and it has ended
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


def _start_again_without_preload(listener: int) -> NoReturn:
    """Replace this program, and keep the socket: threads do not survive a fork."""
    os.dup2(listener, SYSTEMD_SOCKET, inheritable=True)
    environment = {"SERVING_PRELOAD": "off", "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    sys.stdout.flush()
    os.execve(sys.executable, sys.orig_argv, {**os.environ, **environment})


def _directory_in_memory() -> str:
    """Where workers keep the file of their heartbeat; a disk could make them wait."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else tempfile.gettempdir()
