"""A full disk: the failure names the directory and its size, and is written although it is full."""

import subprocess

import pytest

KNOWN = 1


@pytest.fixture
def small_disk(tmp_path):
    """Mount 2 MB at a directory until the test ends."""
    mounted = []

    def mount(path):
        path.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("mounting a small disk needs root")
        mounted.append(path)

    yield mount
    for path in mounted:
        subprocess.run(["umount", str(path)], check=True)


def expect_full(run, directory):
    assert run.code == KNOWN, run.log
    assert f"The disk is full: no space left on the device of {directory} (2 MB in all" in (
        run.first_line
    )
    assert "VolumeSizeInGB" in run.first_line


def test_saving_the_model_on_a_full_disk(job, small_disk):
    small_disk(job.model)
    job.write_train("return b'x' * (4 << 20)")

    expect_full(job.run(), job.model)


def test_a_checkpoint_on_a_full_disk_is_taken_back(job, small_disk):
    small_disk(job.checkpoints)
    job.write_train(
        """
        job.checkpoints.save(1, b"x" * (1 << 19))
        job.checkpoints.save(2, b"x" * (4 << 20))
        """
    )

    run = job.run()

    assert "(trainer.py:8 in train)" in run.first_line
    (directory,) = job.checkpoints.glob("algo-1/*")
    expect_full(run, directory)
    assert sorted(p.name for p in directory.iterdir()) == ["fingerprint.json", "step-1.checkpoint"]


def test_the_failure_is_written_although_its_own_disk_is_full(job, small_disk):
    small_disk(job.base / "output")
    job.write_train(
        """
        with open(job.output_data_dir / "plots", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        """
    )

    expect_full(job.run(), job.base / "output")
