"""Real algorithms, trained on their samples: what a held-out channel says of their models."""

from pathlib import Path

import pandas as pd
import pytest

from tests.algorithms.workshop import ALGORITHMS, CONTAINER, Workshop
from tests.framework.evaluation.conftest import Evaluation

SHOP = ALGORITHMS.parent / "ci/shop"
DECLARED = {
    "boosted_frame": ("rent", "r2", 0.8),
    "text_topics": ("topic", "f1_macro", 0.9),
}


@pytest.fixture
def judge(tmp_path):
    """Train an algorithm and evaluate its model on its held-out rows."""

    def run(directory: Path, target: str, metric: str) -> Evaluation:
        workshop = Workshop(directory, tmp_path)
        job = workshop.train()
        algorithm = tmp_path / "judged"
        algorithm.mkdir()
        for path in directory.iterdir():
            if path.name not in ("algorithm.toml", "__pycache__"):
                (algorithm / path.name).symlink_to(path)
        declared = (directory / "algorithm.toml").read_text().partition("[evaluation]")[0]
        (algorithm / "algorithm.toml").write_text(
            f'{declared}\n[evaluation]\ntarget = "{target}"\nmetric = "{metric}"\n'
        )
        evaluation = Evaluation(tmp_path / "evaluated", algorithm)
        evaluation.bring("model", job.layout.model)
        evaluation.bring("champion", job.layout.model)
        (evaluation.given / "channels").mkdir()
        for name, path in workshop.channels.items():
            (evaluation.given / "channels" / name).symlink_to(path)
        return evaluation

    return run


@pytest.mark.parametrize("name", DECLARED)
def test_a_good_model_is_good(judge, name):
    target, metric, least = DECLARED[name]
    evaluation = judge(ALGORITHMS / name, target, metric)
    found = evaluation.judged()
    assert found["metric"]["value"] > least
    assert found["model"]["training_job"]


def test_the_container_and_its_data(judge):
    evaluation = judge(CONTAINER, "species", "accuracy")
    assert evaluation.judged("--minimum", "0.9")["verdict"]["accepted"]
    assert "<th>Gentoo</th>" in evaluation.page
    assert evaluation.run("data").message == "The data can be used."


def test_models_that_know_other_columns_of_the_same_rows_are_compared(tmp_path):
    flats = pd.DataFrame({"area": range(20, 60), "floor": range(40), "price": range(200, 600, 10)})
    before, after = (
        Evaluation(tmp_path / one / "ml", tmp_path / one / "algorithm") for one in "ab"
    )
    for evaluation, columns in ((before, '["area"]'), (after, '["area", "floor"]')):
        for path in SHOP.iterdir():
            if path.is_file():
                evaluation.write_code(
                    path.name, path.read_text().replace('["area"]]', f"{columns}]")
                )
        evaluation.train(flats)
        evaluation.bring("model", evaluation.base / "model")
        evaluation.write("test", "flats.csv", flats[:12].to_csv(index=False))
    after.compare_with("champion", before.judged())
    found = after.judged()
    assert found["champion"]["rows"] == 12
    assert found["verdict"]["accepted"]
