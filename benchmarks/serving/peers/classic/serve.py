"""Starts nginx and gunicorn, and ends with the first of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

place = Path.cwd()
configuration = place / "nginx.conf"
configuration.write_text(configuration.read_text().replace("unix:", f"unix:{place}/"))
gunicorn = [sys.executable, "-m", "gunicorn", "--timeout", "60", "-k", "gevent"]
gunicorn += ["-b", f"unix:{place}/gunicorn.sock", "-w", sys.argv[1], "server:app"]
children = [
    subprocess.Popen(["nginx", "-p", str(place), "-c", str(configuration)]),
    subprocess.Popen(gunicorn),
]


def stop(*_: object) -> None:
    for child in children:
        child.terminate()


signal.signal(signal.SIGTERM, stop)
os.wait()
stop()
