"""Counts the bytes of its channels, and answers every request with that number."""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ML = Path("/opt/ml")


def train() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    hyperparameters = json.loads((ML / "input/config/hyperparameters.json").read_text())
    files = [path for path in (ML / "input/data").rglob("*") if path.is_file()]
    total = sum(path.stat().st_size for path in files)
    (ML / "model" / "total.json").write_text(json.dumps({"total": total, **hyperparameters}))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer((ML / "model" / "total.json").read_bytes())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()


{"train": train, "serve": serve}[sys.argv[1]]()
