"""`evaluate data`: what cannot be used names its channel and column; drift is only told."""

import numpy as np
import pandas as pd
import pytest

from tests.framework.evaluation.conftest import Evaluation

TOML = """
trainer = "trainer:T"
predictor = "predictor:P"
[evaluation]
target = "rent"
metric = "rmse"
"""
TRAINER = """
from framework import ChannelSpec, DataError, Trainer

class T(Trainer):
    channels = (ChannelSpec("train"),)

    def validate_data(self, job):
        flats = job.channels["train"].read_csv()
        if len(flats) < 10:
            raise DataError("Ten flats are the least to learn from.")
        if flats["rent"].min() < 0:
            raise KeyError("a bug")

    def train(self, job):
        flats = job.channels["train"].read_csv(parse_dates=["listed"])
        job.describe_input(flats.drop(columns="rent"))
        return float(flats["rent"].mean())
"""
PREDICTOR = """
from framework import Predictor

class P(Predictor):
    def predict(self, data):
        return [self.model] * len(data)
"""


def flats(seed: int, rows: int = 400, larger: float = 0.0) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    days = pd.to_timedelta(dice.integers(0, 1000, rows), unit="D")
    return pd.DataFrame(
        {
            "area": dice.normal(80 + larger, 20, rows).round(1),
            "rooms": dice.integers(1, 6, rows),
            "balcony": dice.random(rows) < 0.4,
            "zone": dice.choice([1.0, 2.0, np.nan], rows),
            "town": dice.choice(["Bern", "Genf"], rows),
            "listed": pd.Timestamp("2021-01-01") + days,
            "rent": dice.normal(1500, 100, rows).round(2),
        }
    )


@pytest.fixture(scope="module")
def champion(tmp_path_factory) -> Evaluation:
    """The algorithm, with a live model of it."""
    directory = tmp_path_factory.mktemp("champion")
    trained = Evaluation(directory / "ml", directory / "algorithm")
    for name, text in (("algorithm.toml", TOML), ("trainer.py", TRAINER)):
        trained.write_code(name, text)
    trained.write_code("predictor.py", PREDICTOR)
    trained.train(flats(0, 2000))
    return trained


@pytest.fixture
def run(champion, tmp_path) -> Evaluation:
    """A run on data that can be used, with a live model."""
    run = Evaluation(tmp_path / "ml", champion.algorithm)
    run.bring("champion", champion.base / "model")
    for seed, channel in enumerate(("test", "train"), start=1):
        run.write(channel, "flats.csv", flats(seed).to_csv(index=False))
    return run


def problems(run: Evaluation) -> list[tuple[str, str, str]]:
    """What data.json says against the data."""
    outcome = run.run("data")
    assert outcome.code == 0, outcome.log
    found = run.read("data.json")
    assert found["usable"] == (not found["problems"])
    said = "The data can be used." if found["usable"] else "The data cannot be used: "
    assert outcome.message.startswith(said)
    assert said.rstrip(": ") in (run.output / "data.html").read_text()
    return [(one["channel"], one["column"], one["problem"]) for one in found["problems"]]


def test_data_like_those_of_the_live_model(run):
    assert problems(run) == []
    found = run.read("data.json")
    assert found["rows"] == {"test": 400, "train": 400}
    assert list(found) == ["usable", "problems", "rows", "drift"]
    assert found["drift"]["judged"]
    assert not found["drift"]["drifted"], found["drift"]


def test_a_shifted_column_is_told_and_can_be_used(run):
    run.write("train", "flats.csv", flats(2, larger=30).to_csv(index=False))
    outcome = run.run("data")
    assert outcome.message == "The data can be used. Drifted: area."
    found = run.read("data.json")
    assert found["usable"]
    assert {one["column"] for one in found["drift"]["columns"] if one["drifted"]} == {"area"}
    page = (run.output / "data.html").read_text()
    assert "Drifted: area" in page
    assert "<svg" in page


def test_parquet_and_json_lines_of_the_same_kind_have_not_drifted(run):
    (run.given / "channels/train/flats.csv").unlink()
    half, rest = flats(2)[:200], flats(2)[200:]
    path = run.write("train", "half.parquet", "")
    half.to_parquet(path)
    lines = rest.to_json(orient="records", lines=True, date_format="iso")
    run.write("train", "rest.jsonl", lines)
    run.algorithm = run.base.parent / "algorithm"  # whose trainer does not insist on CSV
    run.write_code("algorithm.toml", TOML.replace('trainer = "trainer:T"', ""))
    run.write_code("predictor.py", PREDICTOR)
    assert problems(run) == []
    assert not run.read("data.json")["drift"]["drifted"]


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        (lambda X: X.drop(columns="area"), "area", "flats.csv lacks this column. It has rooms, "),
        (lambda X: X.drop(columns="rent"), "rent", "flats.csv lacks this column. It has area, "),
        (lambda X: X.assign(zone=None), "zone", "flats.csv holds nothing in all 400 rows."),
        (lambda X: X.assign(rent="NA"), "rent", "flats.csv holds nothing in all 400 rows."),
        (lambda X: X.assign(area="large"), "area", "flats.csv holds no number in all 400 rows, "),
    ],
)
@pytest.mark.parametrize("channel", ["test", "train"])
def test_a_column_that_is_of_no_use_is_named(run, channel, change, column, problem):
    run.write(channel, "flats.csv", change(flats(3)).to_csv(index=False))
    ((where, name, said),) = problems(run)
    assert (where, name) == (channel, column)
    assert said.startswith(problem)
    page = (run.output / "data.html").read_text()
    assert f"<td>{channel}</td><td>{column}</td>" in page


@pytest.mark.parametrize(
    ("channel", "name", "content", "problem"),
    [
        ("train", "flats.csv", flats(1, 9).to_csv(index=False), "Ten flats are the least"),
        ("train", "flats.csv", flats(1, 0).to_csv(index=False), "Channel 'train' has no rows"),
        ("train", "more.csv", b"\xff\xfe\x00", "more.csv cannot be read as a table: "),
        ("test", "more.csv", "rent\n1,2\n", "more.csv cannot be read as a table: line 2"),
        (
            "test",
            "flats.csv",
            flats(1).assign(rent=[None] + [1.0] * 399).to_csv(index=False),
            "test/flats.csv: 1 of 400 rows have no truth",
        ),
        (
            "train",
            "flats.csv",
            flats(1).assign(rent=-1).to_csv(index=False),
            "T.validate_data failed: KeyError: 'a bug' (trainer.py:",
        ),
    ],
)
def test_rows_that_are_of_no_use(run, channel, name, content, problem):
    run.write(channel, name, content)
    ((where, column, said),) = problems(run)
    assert (where.replace("training", "train"), column) == (channel, "")
    assert problem in said


@pytest.mark.parametrize(
    ("channel", "problem"),
    [("test", "There is no such channel of held-out rows"), ("train", "no channel 'train'")],
)
def test_a_channel_that_is_not_there(run, channel, problem):
    (run.given / "channels" / channel).rename(run.given / "channels/other")
    ((_, _, said),) = problems(run)
    assert problem in said
    assert "other" in said


def test_no_live_model_and_no_channel(run):
    (run.given / "champion/model.tar.gz").unlink()
    assert problems(run) == []
    assert run.read("data.json")["drift"] is None
    (run.given / "channels").rename(run.given / "chanels")
    run.refused("ConfigurationError: There is no channel below ", kind="data")
