"""What a container is created with, and what it may write: nothing here talks to the engine."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from framework.testing import OPEN, Isolation

SCRATCH_PATHS = ("/opt/ml", "/tmp", "/dev", "/run")  # noqa: S108  # inside the container


def written_outside(paths: Iterable[str]) -> list[str]:
    """Without what a container may write, and without the directories above a change."""
    paths = sorted(paths)
    above = {str(parent) for path in (*paths, *SCRATCH_PATHS) for parent in Path(path).parents}
    return [path for path in paths if path not in above and not _is_scratch(Path(path))]


def _is_scratch(path: Path) -> bool:
    return any(path.is_relative_to(scratch) for scratch in SCRATCH_PATHS)


def isolation_settings(isolation: Isolation) -> dict[str, Any]:
    """What the engine is told; any isolation at all also drops every capability."""
    if isolation == OPEN:
        return {}
    settings: dict[str, Any] = {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
    }
    if isolation.read_only_root:
        settings |= {"read_only": True, "tmpfs": {"/tmp": ""}}  # noqa: S108
    if isolation.memory_bytes is not None:
        settings |= {
            "mem_limit": isolation.memory_bytes,
            "memswap_limit": isolation.memory_bytes,
        }
    return settings


def user_of(isolation: Isolation) -> str | None:
    """SageMaker runs containers as root; a caller who is not root gets files of their own."""
    if isolation.user is not None:
        return str(isolation.user)
    return f"{os.getuid()}:{os.getgid()}" if os.getuid() != 0 else None


def open_to_all(base: Path) -> None:
    """Let every user write below ``base``, as on SageMaker's own volumes."""
    for path in (base, *base.rglob("*")):
        if not path.is_symlink() and path.stat().st_uid == os.getuid():
            mode = path.stat().st_mode
            path.chmod(mode | (0o777 if path.is_dir() else 0o666))


def engine_host() -> str:
    """The machine on which published ports appear."""
    url = urlparse(os.environ.get("DOCKER_HOST", ""))
    return url.hostname or "127.0.0.1" if url.scheme in ("tcp", "ssh") else "127.0.0.1"


def publish_on() -> str:
    """The address to publish on: this machine's only, unless the engine is another machine."""
    return "127.0.0.1" if engine_host() == "127.0.0.1" else "0.0.0.0"  # noqa: S104
