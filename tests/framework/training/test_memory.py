"""Killed for memory: the failure names the limit and the peak, from the kernel's own evidence."""

import os
import uuid
from pathlib import Path

import pytest

MEGABYTE = 1 << 20
MEMORY = Path("/sys/fs/cgroup/memory")

GREEDY = """
    blocks = []
    while True:
        blocks.append(b"x" * (8 << 20))
"""


@pytest.fixture
def limited():
    """A memory control group of 160 MB; yields what a child process calls to join it."""
    if not (MEMORY / "memory.limit_in_bytes").exists() or not os.access(MEMORY, os.W_OK):
        pytest.skip("no writable memory control group of version 1 here")
    group = MEMORY / f"test-{uuid.uuid4().hex}"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(str(160 * MEGABYTE))
    yield lambda: (group / "cgroup.procs").write_text("0")
    group.rmdir()


def test_killed_for_memory_names_limit_and_peak(job, limited):
    job.write_train(GREEDY)

    run = job.run(preexec_fn=limited)

    assert run.code == 1, run.log
    assert "killed by the kernel for memory" in run.first_line
    assert "limit 160 MB, peak 160 MB" in run.first_line
    assert "instance type with more memory" in run.first_line


def test_a_killed_worker_of_the_algorithm_is_explained_too(job, limited):
    job.write_code(
        "greedy.py", "def grow(_):\n    return b''.join(b'x' * (8 << 20) for _ in range(99))\n"
    )
    job.write_train(
        """
        from concurrent.futures import ProcessPoolExecutor
        from greedy import grow
        with ProcessPoolExecutor(1) as pool:
            list(pool.map(grow, [1]))
        """
    )

    run = job.run(preexec_fn=limited)

    assert run.code == 1, run.log
    assert "BrokenProcessPool" in run.first_line
    assert "the kernel killed 1 of its processes" in run.first_line
    assert "limit 160 MB" in run.first_line


def test_a_model_too_large_for_the_proof_is_explained(job, limited):
    job.write_train("return {'offset': 1.0}")
    job.write_code(
        "predictor.py",
        """
        from framework import Predictor

        class SumPredictor(Predictor):
            def load(self, model_dir):
                return [b"x" * (8 << 20) for _ in range(99)]

            def predict(self, data):
                return [0.0 for row in data]
        """,
    )

    run = job.run(preexec_fn=limited)

    assert run.code == 1, run.log
    assert "The proof" in run.first_line
    assert "killed by the kernel for memory" in run.first_line


def test_a_real_memory_error_names_where_and_how_much(job):
    job.write_train("bytearray(1 << 60)")

    run = job.run()

    assert run.code == 1
    assert run.first_line.startswith("MemoryError (no limit but the machine's ")
    assert "GB, peak " in run.first_line
    assert "(trainer.py:7 in train)" in run.first_line
