"""Puts the audit hook (audit/sitecustomize.py) into a run, and reads what it recorded."""

import shutil
from pathlib import Path

from framework.testing.engine import Engine

_HOOK = Path(__file__).parent / "audit" / "sitecustomize.py"
_SCRATCH = ("/tmp/", "/var/tmp/", "/dev/", "/proc/")  # noqa: S108


class AuditLog:
    """What the Python processes of one run opened, changed and connected to.

    Args:
        engine: what will run the command.
        base: the run's base directory; the hook and its records go below it.
        offline: refuse connections to anything but this machine.

    Attributes:
        inside: the base directory as the run sees it.
        environment: variables that the run needs.
    """

    def __init__(self, engine: Engine, base: Path, offline: bool = False):
        self._directory = base / "audit"
        self._directory.mkdir()
        self._directory.chmod(0o777)
        shutil.copy(_HOOK, self._directory)
        if offline:
            (self._directory / "offline").touch()
        self.inside = engine.path_inside(base)
        self.environment = {"PYTHONPATH": str(self.inside / "audit")}

    def move(self, base: Path) -> None:
        """Say where the base directory lies now, after the run."""
        self._directory = base / "audit"

    @property
    def heard(self) -> bool:
        """Whether the hook ran at all; an image without Python has none."""
        return any(self._directory.glob("record-*.txt"))

    def reads_below(self, part: str) -> list[str]:
        """Files that were read below ``part`` of the base directory, for example input/data."""
        prefix = f"{self.inside / part}/"
        return sorted(path for path in self._of_kind("read") if path.startswith(prefix))

    def writes_outside(self, *parts: str) -> list[str]:
        """Files written elsewhere than in ``parts`` of the base directory, /tmp and devices.

        The working directory and the home of a run are Run.changes()'s business.
        """
        base = f"{self.inside}/"
        inside = tuple(f"{base}{part}/" for part in (*parts, "audit"))
        return sorted(
            path
            for path in self._of_kind("write")
            if not f"{path}/".startswith(inside if path.startswith(base) else _SCRATCH)
            and "/__pycache__/" not in f"{path}/"
        )

    def hosts(self) -> list[str]:
        """Other machines that were asked for."""
        return sorted(self._of_kind("network"))

    def _of_kind(self, kind: str) -> set[str]:
        lines = (
            line
            for file in self._directory.glob("record-*.txt")
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        )
        return {line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")}
