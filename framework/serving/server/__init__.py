"""gunicorn, and nothing else in this room imports it: processes, sockets and signals.

SIGTERM ends the server so: the master stops listening and tells the workers; each worker takes
what the kernel has already accepted, answers it and exits; then the master exits with 0.
"""

from framework.serving.server.master import Server

__all__ = ["Server"]
