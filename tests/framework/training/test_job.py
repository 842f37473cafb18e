"""What a Trainer sees: channels, files, metrics, and the description of its input."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest

from framework import ChannelNotFound, ConfigurationError, DataError, TrainingJob
from framework.training.checkpoints import Checkpoints
from framework.training.fingerprint import Fingerprint
from framework.training.job import Channel, Channels, JobRecord, StopRequest


@pytest.fixture
def channel(tmp_path):
    path = tmp_path / "train"
    path.mkdir()
    return Channel("train", path)


def write(channel, **files):
    for name, text in files.items():
        path = channel.path / name.replace("__", "/").replace("_csv", ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def make_job(tmp_path):
    def make(declared=("loss",), host="algo-1", seconds=10.0):
        return TrainingJob(
            name="job",
            hyperparameters={},
            channels=Channels({}),
            model_dir=tmp_path,
            output_data_dir=tmp_path,
            checkpoints=Checkpoints(tmp_path, host, Fingerprint({}, {}, {})),
            hosts=("algo-1", "algo-2"),
            current_host=host,
            stop_request=StopRequest(seconds),
            record=JobRecord(declared),
        )

    return make


def test_a_channel_is_a_path(channel):
    write(channel, a_csv="1\n")

    assert os.listdir(channel) == ["a.csv"]
    assert (channel / "a.csv").read_text() == "1\n"


def test_files_are_sorted_from_all_folders_without_markers(channel):
    write(channel, b_csv="", a_csv="", part=".", deep__er__c_csv="", _SUCCESS="")
    (channel.path / ".hidden").write_text("")
    (channel.path / "gone.csv").symlink_to("nowhere")

    names = [str(path.relative_to(channel.path)) for path in channel.files("*.csv")]

    assert names == ["a.csv", "b.csv", "deep/er/c.csv"]
    assert len(channel.files()) == 4


def test_files_that_are_not_there_are_explained(channel):
    with pytest.raises(DataError, match=r"Channel 'train' has no files: .* is empty"):
        channel.files()

    write(channel, a_csv="1\n")
    with pytest.raises(DataError, match=r"no files that match '\*.parquet': .* holds a.csv"):
        channel.files("*.parquet")


def test_csv_files_become_one_frame_in_order(channel):
    write(channel, b_csv="x,y\n3,c\n", a_csv="x,y\n1,a\n2,b\n")

    frame = channel.read_csv()

    pd.testing.assert_frame_equal(frame, pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]}))
    assert channel.read_csv(usecols=["x"]).columns.tolist() == ["x"]


def test_parquet_files_become_one_frame(channel):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"x": [1.5, None], "y": ["a", "b"]})
    frame.to_parquet(channel / "a.parquet")
    frame.to_parquet(channel / "b.parquet")

    pd.testing.assert_frame_equal(channel.read_parquet(), pd.concat([frame] * 2, ignore_index=True))


def test_a_parquet_file_that_is_none_is_named(channel):
    pytest.importorskip("pyarrow")
    write(channel, a_csv="x\n1\n")

    with pytest.raises(DataError, match=r"a.csv cannot be read as Parquet"):
        channel.read_parquet()


def test_an_empty_csv_file_is_named(channel):
    write(channel, a_csv="x\n1\n", b_csv="")

    with pytest.raises(DataError, match=r"b.csv cannot be read as CSV: EmptyDataError"):
        channel.read_csv()


def test_files_with_different_columns_are_refused(channel):
    write(channel, a_csv="x,y\n1,2\n", b_csv="y,x\n1,2\n")

    with pytest.raises(DataError, match=r"b.csv has the columns \['y', 'x'\]"):
        channel.read_csv()


def test_a_missing_channel_names_those_present(channel):
    channels = Channels({"train": channel})

    assert channels["train"] is channel
    assert channels.get("test") is None
    assert "test" not in channels
    with pytest.raises(ChannelNotFound, match=r"no channel 'trian'\. Did you mean 'train'\?"):
        channels["trian"]


def test_metrics_are_printed_for_sagemaker_and_kept(make_job, capsys):
    job = make_job()
    job.log_metric("loss", 0.5, step=1)
    job.log_metric("loss", np.float32(0.25), step=2)
    job.log_metric("loss", 1)

    assert capsys.readouterr().out.splitlines() == [
        "[metric] loss=0.5 step=1",
        "[metric] loss=0.25 step=2",
        "[metric] loss=1.0",
    ]
    assert job.record.metrics == {"loss": 1.0}


def test_an_undeclared_metric_is_printed_and_warned_of_once(make_job, capsys):
    job = make_job()
    job.log_metric("los", 1.0)
    job.log_metric("los", 2.0)

    out = capsys.readouterr().out
    assert out.count("[metric]") == 2
    assert out.count("Metric 'los' is not declared") == 1
    assert "Did you mean 'loss'?" in out


def test_only_the_leader_prints_metrics(make_job, capsys):
    make_job(host="algo-2").log_metric("loss", 1.0)

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("name", "value"), [("loss", "low"), ("a b", 1.0), ("", 1.0), ("a=b", 1)])
def test_a_metric_that_sagemaker_cannot_read_is_refused(make_job, name, value):
    with pytest.raises(ConfigurationError):
        make_job().log_metric(name, value)


def test_the_clock_starts_with_the_first_stop_request(make_job):
    job = make_job(seconds=10.0)
    assert (job.should_stop, job.seconds_left) == (False, None)

    job.stop_request.arrive()
    first = job.seconds_left
    job.stop_request.arrive()

    assert job.should_stop
    assert 9.0 < job.seconds_left <= first <= 10.0


def test_seconds_left_never_falls_below_zero(make_job):
    job = make_job(seconds=0.0)
    job.stop_request.arrive()

    assert job.seconds_left == 0.0


def test_describing_the_input_keeps_schema_statistics_and_sample(make_job):
    job = make_job()
    job.describe_input(pd.DataFrame({"x": [1.0, 2.0, None], "c": ["a", "b", "a"]}))

    assert job.record.input.kind == "frame"
    assert set(job.record.statistics) == {"x", "c"}
    assert job.record.sample.content_type == "application/json"


def test_a_damaged_archive_is_named(channel):
    whole = gzip.compress(b"x\n" + b"1\n" * 10_000)
    (channel / "a.csv.gz").write_bytes(whole[:20] + b"damage" + whole[26:])

    with pytest.raises(DataError, match=r"a.csv.gz cannot be read as CSV: error: Error -3"):
        channel.read_csv()
