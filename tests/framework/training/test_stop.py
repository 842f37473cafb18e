"""SIGTERM: the algorithm is told, may save what it has, and is killed when it does not stop."""

import signal
import time
from pathlib import Path

import pytest

STOPPABLE = """
    print("training")
    while not job.should_stop:
        assert job.seconds_left is None
        time.sleep(0.01)
    print(f"seconds left {job.seconds_left:.1f}")
    job.checkpoints.save(1, "state")
    return {"offset": 1.0}
"""


def test_a_stopped_job_saves_its_model_and_checkpoint(job, started):
    job.write_train(STOPPABLE)
    job.environment["TRAINING_STOP_SECONDS"] = "60"
    process = started()
    job.wait_for("training")

    process.send_signal(signal.SIGTERM)
    run = job.finish(process)

    assert (run.code, run.failure) == (0, ""), run.log
    assert "seconds left 55.0" in run.log
    assert (job.model / "model.pickle").exists()
    assert list(job.checkpoints.rglob("step-1.checkpoint"))


def test_sigterm_before_training_starts_is_not_lost(job, started):
    job.write_train(STOPPABLE)
    job.write_code("slow_import.py", "import time\nprint('importing')\ntime.sleep(1)\n")
    trainer = job.algorithm / "trainer.py"
    trainer.write_text("import slow_import\n" + trainer.read_text())
    process = started()
    job.wait_for("importing")

    process.send_signal(signal.SIGTERM)

    assert job.finish(process, seconds=20).code == 0


def test_sigterm_while_python_ends_does_not_fail_a_finished_job(job, started):
    job.write_train("    return {'offset': 1.0}\n")
    trainer = job.algorithm / "trainer.py"
    trainer.write_text(
        "import os, time\n"
        "class Lingering:\n"
        "    def __del__(self, write=os.write, sleep=time.sleep):\n"
        "        write(1, b'ending\\n')\n"
        "        sleep(1)\n"
        "kept = Lingering()\n" + trainer.read_text()
    )
    process = started()
    job.wait_for("ending")

    process.send_signal(signal.SIGTERM)

    run = job.finish(process, seconds=20)
    assert (run.code, run.failure) == (0, ""), run.log


def children(pid: int) -> list[list[str]]:
    """Fields of /proc/PID/stat (pid, name, state, …) of the processes whose parent is ``pid``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().split()
        except OSError:
            continue
        if fields[3] == str(pid):
            found.append(fields)
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2, 0.3])
def test_sigterm_while_python_starts_is_not_lost(job, started, delay):
    job.write_train(STOPPABLE)
    process = started()
    while not children(process.pid):
        time.sleep(0.005)
    time.sleep(delay)

    process.send_signal(signal.SIGTERM)

    assert job.finish(process, seconds=20).code == 0, job.log()


def test_training_that_does_not_stop_is_killed_and_explained(job, started):
    job.write_train("print('training')\ntime.sleep(60)")
    job.environment["TRAINING_STOP_SECONDS"] = "2"
    process = started()
    job.wait_for("training")

    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    run = job.finish(process)

    assert 1.7 < time.monotonic() - begin < 2.5
    assert run.code == 1
    assert "1.8 s after SIGTERM" in run.first_line
    assert "job.should_stop" in run.first_line


def test_a_blocking_native_call_does_not_outlive_the_deadline(job, started):
    job.write_train(
        """
        print("training")
        sum(range(10 ** 12))  # holds the interpreter's lock, so no handler can run
        """
    )
    job.environment["TRAINING_STOP_SECONDS"] = "1"
    process = started()
    job.wait_for("training")

    process.send_signal(signal.SIGTERM)

    assert "was still running" in job.finish(process, seconds=10).first_line


def test_an_exception_after_sigterm_is_still_explained(job, started):
    job.write_train(
        """
        print("training")
        while not job.should_stop:
            time.sleep(0.01)
        raise ValueError("cannot save")
        """
    )
    process = started()
    job.wait_for("training")

    process.send_signal(signal.SIGTERM)
    run = job.finish(process)

    assert run.code == 3
    assert run.first_line.startswith("ValueError: cannot save")


def test_workers_of_the_algorithm_survive_sigterm_so_that_it_can_finish(job, started):
    job.write_train(
        """
        from concurrent.futures import ProcessPoolExecutor
        with ProcessPoolExecutor(2) as pool:
            print("training", list(pool.map(abs, [-1])))
            while not job.should_stop:
                time.sleep(0.01)
            return {"offset": float(sum(pool.map(abs, [-1, -2])))}
        """
    )
    process = started()
    job.wait_for("training")

    process.send_signal(signal.SIGTERM)

    assert job.finish(process).code == 0, job.log()


def test_control_c_ends_everything(job, started):
    job.write_train("print(f'child {os.getpid()} sleeps')\ntime.sleep(60)")
    process = started(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    job.wait_for("sleeps")
    child = int(job.log().split()[1])

    process.send_signal(signal.SIGINT)
    run = job.finish(process)

    assert run.code == 130
    assert "SIGINT" in run.first_line
    assert not is_running(child)


def test_killing_the_supervisor_kills_the_training(job, started):
    job.write_train("print(f'child {os.getpid()} sleeps')\ntime.sleep(60)")
    process = started()
    job.wait_for("sleeps")
    child = int(job.log().split()[1])

    process.kill()
    process.wait()

    time.sleep(0.2)
    assert not is_running(child)


def test_nothing_is_left_running_and_orphans_are_reaped(job, started):
    job.write_train(
        """
        import subprocess
        for seconds in ("0.1", "600"):
            subprocess.run(["sh", "-c", f"sleep {seconds} & echo orphan $!"], check=True)
        time.sleep(0.5)
        print("orphans are adopted")
        time.sleep(1)
        return {"offset": 1.0}
        """
    )
    process = started()
    job.wait_for("orphans are adopted")
    short, long = (int(line.split()[1]) for line in job.log().splitlines() if "orphan " in line)

    adopted = {int(pid) for pid, *_ in children(process.pid)}

    assert long in adopted
    assert short not in adopted
    assert job.finish(process).code == 0
    assert not is_running(long)


def test_output_is_inherited_and_large_output_does_not_block(job):
    job.write_train(
        """
        for stream in (sys.stdout, sys.stderr):
            for _ in range(20000):
                stream.write("a line of some length that fills a pipe's buffer\\n")
        return {"offset": 1.0}
        """
    )
    run = job.run()

    assert run.code == 0
    assert run.log.count("fills a pipe's buffer") == 40000


def test_what_a_killed_process_printed_is_in_the_log(job):
    job.write_train("print('last words')\nos.kill(os.getpid(), signal.SIGKILL)")

    assert "last words" in job.run().log
