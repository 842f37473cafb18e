"""docs/tutorial.md, followed to the letter: its files are written, its commands are run.

The first line of a file's block names it. A command's block may say what to expect behind
its language: `sh fails: WORDS`, `sh answers: WORDS`, or `sh serves` for one that keeps running.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (\S+)\n")
DIRECTORY = "progression"
READY_SECONDS = 60


class Newcomer:
    """Works in a directory of their own, with the project's packages."""

    def __init__(self, home: Path):
        self.home = home
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "300"}
        self.serving: subprocess.Popen[bytes] | None = None

    def write(self, text: str) -> None:
        (self.home / DIRECTORY / FILE_NAME.match(text)[1]).write_text(text)

    def run(self, command: str, note: str) -> None:
        arguments = self.spelled_out(command)
        if note == "serves":
            self.serving = subprocess.Popen(arguments, cwd=self.home, env=self.environment)
            return
        expected, _, words = note.partition(": ")
        deadline = time.monotonic() + READY_SECONDS
        while True:
            done = subprocess.run(
                arguments,
                cwd=self.home,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            still_starting = expected == "answers" and done.returncode != 0
            if not still_starting or time.monotonic() > deadline:
                break
        output = f"$ {command}\n{done.stdout}{done.stderr}"
        assert (done.returncode != 0) == (expected == "fails"), output
        assert words in output

    def spelled_out(self, command: str) -> list[str]:
        program, *rest = shlex.split(command)
        if program != "python":
            return [program, *rest]
        engine = ["--engine", "process"] if DIRECTORY in rest else []
        return [sys.executable, *rest, *engine]


@pytest.mark.timeout(400)  # `check` trains and serves many times
def test_the_tutorial_works_as_written(tmp_path):
    newcomer = Newcomer(tmp_path)
    text = (ROOT / "docs" / "tutorial.md").read_text()
    try:
        for language, note, content in BLOCK.findall(text):
            if language == "sh":
                newcomer.run(content.strip(), note)
            else:
                newcomer.write(content)
    finally:
        if newcomer.serving:
            newcomer.serving.terminate()
            newcomer.serving.wait(60)
    assert sorted(path.name for path in (tmp_path / DIRECTORY).glob("*.*")) == [
        "algorithm.toml",
        "predictor.py",
        "requirements.txt",
        "sample.py",
        "trainer.py",
    ]
