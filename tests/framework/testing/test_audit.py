"""What the hook that `check` puts into a run records."""

import os
import subprocess
import sys
from pathlib import Path

from framework.testing.audit_log import AuditLog
from framework.testing.engine import ProcessEngine

SCRIPT = """
import tempfile
from pathlib import Path

tempfile.TemporaryFile().write(b"scratch")
Path({elsewhere!r}).write_text("elsewhere")
"""


def test_a_runs_own_temporary_directory_is_not_recorded(tmp_path: Path) -> None:
    base, scratch, elsewhere = tmp_path / "base", tmp_path / "scratch", tmp_path / "elsewhere.txt"
    base.mkdir()
    scratch.mkdir()
    audit = AuditLog(ProcessEngine(tmp_path, tmp_path), base)
    subprocess.run(
        [sys.executable, "-c", SCRIPT.format(elsewhere=str(elsewhere))],
        env={**os.environ, **audit.environment, "TMPDIR": str(scratch)},
        check=True,
    )
    recorded = "".join(file.read_text() for file in (base / "audit").glob("record-*.txt"))
    assert f"write {elsewhere}" in recorded
    assert f"write {scratch}" not in recorded
