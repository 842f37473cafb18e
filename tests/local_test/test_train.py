"""`train`: a job from Starting to its end, as SageMaker would run it."""

import json
import signal
import tarfile
import time
from pathlib import Path

import pytest

from tests.local_test.conftest import SCALE, processes


def content(archive: str | Path) -> dict[str, dict]:
    with tarfile.open(archive) as tar:
        return {
            member.name: json.load(tar.extractfile(member))
            for member in tar.getmembers()
            if member.name.endswith(".json")
        }


def statuses(record: dict) -> list[str]:
    return [transition["Status"] for transition in record["SecondaryStatusTransitions"]]


def test_a_job_leaves_its_archives_its_log_and_nothing_else(bench, leftovers):
    finished = bench.train("--job-name", "first")
    record = finished.data
    assert finished.code == 0
    assert statuses(record) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert content(record["ModelArtifacts"])["model.json"]["mean"] == 2.5
    assert record["FinalMetrics"] == {"train:steps": 3.0}
    directory = bench.jobs / "first"
    left = {"job.json", "logs", "model.tar.gz", "output.tar.gz", "sample"}
    assert {path.name for path in directory.iterdir()} == left
    assert "[metric] train:steps=3" in (directory / "logs" / "algo-1.log").read_text()
    assert leftovers(bench.jobs) == []


@pytest.mark.parametrize("spelling", [(), ("--quoted",)], ids=["raw", "quoted"])
def test_hyperparameters_arrive_as_text_in_either_spelling(bench, spelling):
    finished = bench.train("-p", "label=gini $(x) 'y'", "-p", "steps=2", *spelling)
    assert content(finished.data["Output"])["algo-1.json"]["label"] == "gini $(x) 'y'"


def test_the_failure_reason_is_cut_as_the_console_cuts_it(bench):
    finished = bench.train("-p", "complaint=3000")
    record = finished.data
    assert finished.code == 1
    assert record["TrainingJobStatus"] == "Failed"
    assert record["FailureReason"].startswith("AlgorithmError: ValueError: xxx")
    assert len(record["FailureReason"]) == 1024
    assert record["ModelArtifacts"] == ""
    assert record["ExitCodes"] == {"algo-1": 3}


def test_two_hosts_share_a_sharded_channel_and_merge_their_models(bench):
    finished = bench.train("--hosts", 2, "--shard", "train", "-p", "own_names=true")
    record = finished.data
    assert finished.code == 0, finished.stderr
    output = content(record["Output"])
    assert output["algo-1/algo-1.json"]["files"] == ["part-0.csv"]
    assert output["algo-2/algo-2.json"]["files"] == ["part-1.csv"]
    assert "algo-1.json" in content(record["ModelArtifacts"])


def test_a_spot_interruption_restarts_from_the_checkpoint(bench):
    finished = bench.train(
        "-p", "steps=20", "-p", "pause=0.4", "--spot-kills", 1, "--spot-kill-after", 5
    )
    record = finished.data
    assert finished.code == 0
    assert statuses(record)[2:6] == ["Training", "Interrupted", "Restarting", "Downloading"]
    assert record["Interruptions"] == 1
    assert content(record["ModelArtifacts"])["model.json"]["first"] > 1


def test_checkpoints_of_one_job_let_the_next_one_resume(bench, tmp_path):
    arguments = ("-p", "steps=3", "--checkpoints", tmp_path / "prefix")
    bench.train(*arguments)
    second = bench.train(*arguments).data
    assert content(second["ModelArtifacts"])["model.json"]["first"] == 4


def test_the_maximum_runtime_stops_a_job_that_keeps_its_model(bench):
    finished = bench.train("-p", "steps=1000", "-p", "pause=0.2", "--max-runtime", 3)
    record = finished.data
    assert finished.code == 0
    assert record["TrainingJobStatus"] == "Stopped"
    assert statuses(record)[-3:] == ["Stopping", "Uploading", "MaxRuntimeExceeded"]
    assert content(record["ModelArtifacts"])["model.json"]["mean"] == 2.5


def test_a_stopped_job_without_a_model_has_no_archive(bench):
    slow = ("-p", "deaf=true", "-p", "pause=1", "-p", "steps=999")
    finished = bench.train(*slow, "--max-runtime", 3, "--env", "TRAINING_STOP_SECONDS=6")
    assert finished.data["TrainingJobStatus"] == "Stopped"
    assert finished.data["ModelArtifacts"] == ""
    assert finished.data["ExitCodes"]["algo-1"] == 1


def test_writes_to_a_fast_file_channel_are_noticed(bench):
    finished = bench.train("--input-mode", "FastFile", "-p", "scribble=true")
    assert "algo-1 wrote to its channels (train/scribble.txt)" in finished.data["Warnings"][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--channel", "train"], "write NAME=PATH"),
        (["--channel", "train=/nowhere"], "there is no file or directory /nowhere"),
        (["--shard", "wool"], "there is no such channel. Channels: test, train"),
        (["-p", f"label={'x' * 2501}"], "SageMaker takes 256 characters as name and 2500 as value"),
        (["--channel", f"a b={SCALE}"], "'a b' is no channel name"),
        (["--job-name", "my_job"], "'my_job' is no job name"),
        (["--image", "nothing:here"], "--image needs --engine docker"),
    ],
)
def test_a_wrong_option_is_explained_in_one_sentence(bench, arguments, said):
    finished = bench.train(*arguments)
    assert finished.code == 1
    assert said in finished.stderr
    assert said in finished.data["error"]
    assert "Traceback" not in finished.stderr
    assert list(bench.jobs.glob("*")) == []


def test_without_an_engine_the_bench_goes_on_with_processes(bench):
    finished = bench.run("train", SCALE, environment={"DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert finished.code == 0
    assert "No Docker engine answers" in finished.stderr


def test_an_unknown_option_is_a_usage_error(bench):
    assert bench.run("train", "--engine", "steam").code == 2


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_bench_leaves_no_process_behind(bench, leftovers, signum):
    process = bench.start_slow_training(engine="process")
    process.send_signal(signum)
    assert process.wait(20) == 130
    process.communicate()
    time.sleep(0.2)
    assert not [seen for seen in processes().values() if str(bench.jobs) in seen]
    assert leftovers(bench.jobs) == []
