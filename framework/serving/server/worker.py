"""gunicorn's threaded worker, made to wait for nobody and to lose nobody.

Beyond gunicorn's own: no thread waits for a client that has sent half of a request or does not
read its answer, for the threads would soon be gone; closing a connection never blocks the loop; a
stopping worker takes and answers what the kernel has already accepted; refused requests get JSON.
"""

import contextlib
import json
import math
import os
import selectors
import signal
import socket
import sys
import threading
import time
from functools import partial
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from framework.serving import log
from framework.serving.server.balance import LEAVE_SECONDS, Manners
from framework.serving.server.connection import Connection
from framework.serving.server.express import Unfinished, Unusual
from framework.serving.server.lingering import Lingering
from framework.serving.server.listening import arriving, refuse_new_connections
from framework.serving.server.loan import Loan
from framework.serving.settings import MEGABYTE

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
DRAIN_SECONDS = 26  # SageMaker kills 30 s after SIGTERM
ANSWER_SECONDS = 22  # after which a stopping worker turns away what it has not answered
TOO_LATE = "The server is stopping and could not wait for the prediction."
READ_BYTES = 65536
READ_MORE_BYTES = 262_144  # at once of a large request
MOST_HELD_BYTES = 64 * MEGABYTE  # of large requests that have begun
MOST_BYTES_AT_ONCE = 16384  # that every kernel takes for a client that reads
STALL_SECONDS = 30.0  # of silence within a request or an answer
UNREAD_SECONDS = 0.05  # for the rest of a body that nobody wants
LOOK_SECONDS = 0.1
ALGORITHMS_FAULT = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
STATUS_OF_ERROR = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
}


class Worker(ThreadWorker):
    """One process that answers requests; see gunicorn.workers.gthread for its loop."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.place = 0
        self.growth: Any = None
        self.leaving = False
        self.looks_next = 0.0
        self.manners = Manners(lambda: self.app.has_fewest_connections(self))
        self.pipeline: Any = None
        self.lingering = Lingering(self)
        self.express: Any = None
        self.short: set[Connection] = set()
        self.patience = STALL_SECONDS
        self.patient_until = math.inf

    def load_wsgi(self) -> None:
        try:
            self.wsgi, self.pipeline, self.express = self.app.start_worker(self)
        except Exception as error:
            log.failure("the worker cannot start", error)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        self.patience = min(STALL_SECONDS, self.pipeline.timeout)
        self.app.note_connections(self)
        log.info("worker ready", worker=self.pid)

    def unavailable(self) -> str:
        """Why the worker takes its leave; empty while it stays."""
        return "" if self.alive else "This worker is stopping."

    def retire(self) -> None:
        """Answer what is accepted and end, so that the master starts another worker."""
        self.alive = False
        self._wake()

    def init_signals(self) -> None:
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop, once the master says so: SIGTERM often goes to all processes at the same time."""
        if not self.app.stopping:
            return
        if not self.booted:
            os._exit(0)
        super().handle_exit(sig, frame)
        self.method_queue.defer(self._answer_everyone_in_time)

    def _answer_everyone_in_time(self) -> None:
        def turn_away() -> None:
            self.pipeline.abandon(TOO_LATE)
            self.express.abandon(TOO_LATE)

        alarm = threading.Timer(ANSWER_SECONDS, turn_away)
        alarm.daemon = True
        alarm.start()

    def accept(self, listener: Any) -> bool:
        """Take one connection and wait for its first byte; False when none is there to take."""
        if self.alive and self.manners.leaves_it():
            super().set_accept_enabled(False)
            return False
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        connection = Connection(self, client, address, listener.getsockname())
        self.nr_conns += 1
        connection.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(connection)
        self._watch(connection, partial(self.on_client_socket_readable, connection))
        return True

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Take the short way where the request is usual, else the ordinary one."""
        if conn.busy:
            self._pause(conn)
            return
        try:
            data = client.recv(min(conn.missing, READ_MORE_BYTES) if conn.wanted else READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.drop(conn)
            return
        if conn.held:
            self._take_rest(conn, data)
        elif data:
            self._take(conn, data)
        else:
            self.drop(conn)

    def _take(self, conn: Connection, data: bytes, *more: bytes) -> None:
        conn.busy = True
        try:
            self.express.take(conn, data, *more)
        except Unfinished as beginning:
            if not beginning.length and len(data) >= READ_BYTES:
                self._refuse(conn, errors.LimitRequestHeaders("a head without end"))
                return
            conn.busy = False
            conn.hold(data, beginning.length)
            self._be_patient(conn)
        except Unusual:
            self._go_the_ordinary_way(conn, data, *more)
            return
        if conn not in self.short:
            self._forget(conn)
            self.short.add(conn)

    def _take_rest(self, conn: Connection, data: bytes) -> None:
        """Wait for all of a request."""
        conn.hold_more(data)
        if not data:  # no more comes
            self._go_the_ordinary_way(conn, *conn.give_up_held())
        elif not conn.wanted:
            self._take(conn, b"".join(conn.give_up_held()))
        elif not conn.missing:
            self._take(conn, *conn.give_up_held())
        elif conn.wanted > READ_BYTES and self._holds_much():
            self._go_the_ordinary_way(conn, *conn.give_up_held())
        else:
            self._be_patient(conn)

    def _be_patient(self, conn: Connection) -> None:
        """The client may be silent for so long in the middle of a request or an answer."""
        conn.timeout = min(time.monotonic() + self.patience, self.patient_until)

    def _give_up(self, conn: Connection) -> None:
        """The client has been silent for too long."""
        if conn.wanted:
            conn.busy = True
            self.express.refuse_unfinished(conn, conn.give_up_held()[0])
        else:
            self.drop(conn)

    def _holds_much(self) -> bool:
        held = (conn.wanted - conn.missing for conn in self.short if conn.wanted)
        return sum(held) > MOST_HELD_BYTES

    on_pending_socket_readable = on_client_socket_readable

    def send(self, conn: Connection, data: bytes, stays: bool) -> None:
        """Write an answer of the short way; any thread may call it."""
        if conn.sending:  # the answer before, by another thread
            self.method_queue.defer(self.send, conn, data, stays)
            return
        if not stays or len(data) > MOST_BYTES_AT_ONCE:
            self._send_on(conn, memoryview(data), stays)
            return
        conn.timeout = time.monotonic() + self.cfg.keepalive
        conn.sending, conn.busy = True, False  # for a client may ask again before send() returns
        try:
            sent = conn.sock.send(data)
        except OSError:
            sent = 0
        conn.sending = False
        if sent < len(data):  # the client is gone, or sends without reading
            self.method_queue.defer(self.drop, conn)
        elif conn.paused:
            self.method_queue.defer(self._resume, conn)

    def _send_on(self, conn: Connection, data: memoryview, stays: bool) -> None:
        """Write what the kernel takes now, and the rest when the client has read some of it."""
        try:
            sent = conn.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.method_queue.defer(self.drop, conn)
            return
        if sent < len(data):
            self.method_queue.defer(self._send_rest, conn, data[sent:], stays)
        elif not stays:
            self.method_queue.defer(self._finish, conn)
        else:
            conn.timeout = time.monotonic() + self.cfg.keepalive
            conn.busy = False
            if conn.paused:  # the client has been quick
                self.method_queue.defer(self._resume, conn)

    def _send_rest(self, conn: Connection, rest: memoryview, stays: bool) -> None:
        """Look at nothing of this client but whether it reads, until all is written."""
        if not conn.paused:
            self.poller.unregister(conn.sock)
        self._be_patient(conn)
        conn.paused, conn.unsent = False, rest
        write = partial(self._on_client_socket_writable, conn, stays)
        self.poller.register(conn.sock, selectors.EVENT_WRITE, write)

    def _on_client_socket_writable(
        self, conn: Connection, stays: bool, client: socket.socket
    ) -> None:
        self.poller.unregister(client)
        rest, conn.unsent, conn.paused = conn.unsent, memoryview(b""), True
        self._send_on(conn, rest, stays)

    def drop(self, conn: Connection) -> None:
        """Close a connection, but never while a thread writes to what has its number then."""
        if conn.gone:
            return
        if conn.sending:
            self.method_queue.defer(self.drop, conn)
            return
        conn.gone = True
        self._leave_poller(conn)
        self.nr_conns -= 1
        conn.close()

    def _finish(self, conn: Connection) -> None:
        self._leave_poller(conn)
        self.nr_conns -= 1
        conn.close(graceful=True)

    def _refuse(self, conn: Connection, error: Exception) -> None:
        self.handle_error(None, conn.sock, conn.client, error)
        self._finish(conn)

    def _pause(self, conn: Connection) -> None:
        """The client sends more before it is answered, or has gone: look when it is answered."""
        self.poller.unregister(conn.sock)
        conn.paused = True
        if not conn.busy:  # it has been answered meanwhile, and nobody saw that it was paused
            self._resume(conn)

    def _resume(self, conn: Connection) -> None:
        if conn.paused:
            conn.paused = False
            self._watch(conn, partial(self.on_client_socket_readable, conn))

    def _go_the_ordinary_way(self, conn: Connection, *data: bytes) -> None:
        if conn.sending:
            conn.busy = True
            self.method_queue.defer(self._go_the_ordinary_way, conn, *data)
            return
        self._leave_poller(conn)
        conn.busy = False
        conn.init()
        conn.parser.unreader.unread(b"".join(data))
        super().enqueue_req(conn)

    def enqueue_req(self, conn: Connection) -> None:
        """Take what a client sent together with the request before, which gunicorn has read."""
        data = conn.parser.unreader.take_buffered()
        conn.sock.setblocking(False)
        self._watch(conn, partial(self.on_client_socket_readable, conn))
        self._take(conn, data)

    def _leave_poller(self, conn: Connection) -> None:
        if not conn.paused:
            self.poller.unregister(conn.sock)
        conn.paused = False
        self._forget(conn)

    def _forget(self, conn: Connection) -> None:
        """Keep no account of how long it may be idle."""
        for waiting in (self.short, self.pending_conns, self.keepalived_conns):
            if conn in waiting:
                waiting.remove(conn)

    def _silent(self) -> list[Connection]:
        """Those that have nothing to expect from this server now."""
        return [conn for conn in self.short if not conn.busy or conn.unsent]

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Poll, and have answered what came; where answers are quick, who predicts polls itself."""
        if timeout and self._stays_as_it_is() and self.express.is_quick():
            loan = Loan(min(timeout, LOOK_SECONDS))
            self.pipeline.call(partial(loan.use, partial(self._poll_and_answer, loan)), self._wake)
            if not loan.wait():
                self.express.is_not_quick()
        else:
            self._poll(timeout)
            self.express.flush()

    def _poll_and_answer(self, loan: Loan) -> None:
        while loan.may_poll() and self._stays_as_it_is() and not self.pipeline.has_jobs():
            self._poll(loan.left)
            if 0 < self.express.waiting < self.nr_conns:
                self._poll(0)  # who was answered with them asks now, too
            loan.leave_poller()
            self.express.answer()

    def _stays_as_it_is(self) -> bool:
        """Whether gunicorn's loop would find nothing to do beside polling."""
        return self.alive and self._accepting and self.nr_conns < self.worker_connections

    def _wake(self) -> None:
        self.method_queue.defer(lambda: None)

    def _poll(self, timeout: float) -> None:
        """Handle what sockets have to say, then what threads have left to do.

        In this order, because what threads leave may close a socket that had something to say.
        """
        left = None
        if self.manners.looks_away:
            timeout = min(timeout, LEAVE_SECONDS)
        for key, _ in self.poller.select(timeout):
            if key.fd == self.method_queue.fileno():
                left = key
            else:
                key.data(key.fileobj)
        if left is not None:
            left.data(left.fileobj)
        self.app.note_connections(self)

    def set_accept_enabled(self, enabled: bool) -> None:
        if enabled and self.manners.still_looks_away():
            return
        self.manners.looks_away = False
        super().set_accept_enabled(enabled)
        if self.app.stopping and not enabled and not self.alive:
            for listener in self.sockets:
                refuse_new_connections(listener)
                while self.accept(listener) or arriving(listener):
                    pass
                listener.close()

    def murder_keepalived(self, force: bool = False) -> None:
        """Look after everything that time changes; the loop calls it after each round."""
        now = time.monotonic()
        if now < self.looks_next and not force:
            return
        self.looks_next = now + LOOK_SECONDS
        self.wait_for_and_dispatch_events(timeout=0)  # a request may have come just now
        super().murder_keepalived(force)
        for connection in self._silent():
            if force:
                self.drop(connection)
            elif connection.timeout <= now:
                self._give_up(connection)
        self.express.look()
        if self.alive:
            self._leave_when_grown()

    def _leave_when_grown(self) -> None:
        """Ask for a worker in this one's place, and end when it is ready."""
        if not self.leaving and (excess := self.growth.excess()):
            self.leaving = True
            log.warning(
                "this worker has grown and is replaced; does the predictor keep what it answers?",
                worker=self.pid,
                grown_mb=round(excess / MEGABYTE),
            )
            self.app.announce_leave(self)
        if self.leaving and self.app.may_end(self):
            self.retire()

    def murder_pending(self) -> None:
        super().murder_pending()
        self.lingering.end_overdue()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what is not HTTP, or not HTTP as this server allows it."""
        status, reason = STATUS_OF_ERROR.get(type(exc), (400, "Bad Request"))
        if not isinstance(exc, errors.ParseException) or isinstance(exc, ALGORITHMS_FAULT):
            status, reason = 500, "Internal Server Error"
            log.failure("request failed", exc)
        else:
            log.warning("request refused", status=status, cause=str(exc))
        message = f"The request is not valid HTTP ({type(exc).__name__})."
        body = json.dumps(
            {"error": {"status": status, "message": message, "request_id": ""}}
        ).encode()
        head = (
            f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            client.sendall(head.encode() + body)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Whether a connection can be used again; not when it has to bring what nobody wants."""
        deadline = time.monotonic() + UNREAD_SECONDS
        return bool(keepalive and conn.parser.finish_body(deadline=deadline))

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        self.patient_until = time.monotonic() + ANSWER_SECONDS
        for connection in (*self.pending_conns, *self._silent()):
            amid = connection.held or connection.unsent
            until = self.patient_until if amid else deadline
            connection.timeout = min(connection.timeout, until)

    def _watch(self, connection: Connection, callback: Any) -> None:
        self.poller.register(connection.sock, selectors.EVENT_READ, callback)
