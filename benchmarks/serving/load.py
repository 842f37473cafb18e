"""Load by wrk, whose one thread costs the servers as little as possible."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.peers.peer import Request

SCRIPT = Path(__file__).with_name("post.lua")
LONGEST_SECONDS = 30  # that one request may take


class LoadFailed(Exception):
    """Nothing was answered."""


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw.

    Attributes:
        rate: good answers per second.
        p50: milliseconds, as p99.
        refused: answers with a status of 400 and above.
        broken: connections that failed, and requests that were not answered in time.
    """

    rate: float
    p50: float
    p99: float
    refused: int
    broken: int


def bodies(requests: Sequence[Request], place: Path) -> list[Path]:
    """The bodies as files, for wrk to read."""
    place.mkdir(parents=True)
    files = [place / str(index) for index in range(len(requests))]
    for file, request in zip(files, requests, strict=True):
        file.write_bytes(request.body)
    return files


def put_on(
    port: int, request: Request, files: Sequence[Path], connections: int, seconds: float
) -> Load:
    """Ask for some seconds, each connection as soon as it has its answer.

    Args:
        request: path and content type; the bodies are those of ``files``.

    Raises:
        LoadFailed: there was no good answer.
    """
    command = ["wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", f"{LONGEST_SECONDS}s"]
    command += ["--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [request.path, request.content_type, str(connections), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise LoadFailed((run.stderr or run.stdout).strip())
    said = json.loads(run.stdout.splitlines()[-1])
    good = said["requests"] - said["refused"]
    if good <= 0:
        raise LoadFailed(f"no good answer, {said['refused']} refused, {said['broken']} broken")
    return Load(good / said["seconds"], said["p50"], said["p99"], said["refused"], said["broken"])
