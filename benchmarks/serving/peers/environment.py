"""Environments of the peers: made on first use, and again when their requirements change."""

import shutil
import subprocess
import sys

from benchmarks.serving.peers.peer import Peer

INSTALL = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]


class CannotInstall(Exception):
    """Why a peer cannot be measured here."""


def install(peer: Peer) -> None:
    """Have what the peer needs.

    Raises:
        CannotInstall: a program is missing, or pip failed.
    """
    missing = [program for program in peer.programs if not shutil.which(program)]
    if missing:
        raise CannotInstall(f"{', '.join(missing)} is not on PATH")
    lock = peer.folder / "requirements.txt"
    ready = peer.environment / "ready"
    if not lock.exists() or (ready.exists() and ready.read_text() == lock.read_text()):
        return
    print(f"installing {peer.title}", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(peer.environment)])
    built = ["--no-binary", ",".join(peer.without_wheel)] if peer.without_wheel else []
    _run([peer.python, *INSTALL, "--only-binary", ":all:", *built, "-r", str(lock)])
    ready.write_text(lock.read_text())


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise CannotInstall((errors or done.stderr.splitlines() or ["pip failed"])[-1])
