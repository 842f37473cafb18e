"""The example, trained and served for real, against the species of penguins it never saw."""

import json
import re

import pandas as pd
import pytest

from tests.algorithms.workshop import CONTAINER, Workshop, predictions, trained_and_served


def test_species_and_probabilities_fit_the_truth(tmp_path):
    with trained_and_served(CONTAINER, tmp_path) as (client, held_out):
        penguins = pd.read_csv(held_out / "penguins.csv")
        species = penguins.pop("species")
        answers = predictions(client, json.loads(penguins.to_json(orient="records")))
        csv = client.invoke(
            penguins.to_csv(index=False).encode(), "text/csv", "application/json"
        ).json()["predictions"]
        unknown = predictions(client, [dict.fromkeys(penguins) | {"island": "Dream"}])
        nowhere = client.invoke(json.dumps([{"island": "Atlantis"}]).encode(), "application/json")
    named = [answer["species"] for answer in answers]
    assert (species == named).mean() > 0.95
    assert csv == answers
    for answer in [*answers, *unknown]:
        chances = answer["probabilities"]
        assert max(chances, key=chances.get) == answer["species"]
        assert sum(chances.values()) == pytest.approx(1)
    assert nowhere.status == 422


def test_report_is_one_page_with_three_plots(tmp_path):
    job = Workshop(CONTAINER, tmp_path).train(rounds=10)
    page = (job.layout.output_data / "report.html").read_text()

    assert page.count("<svg") == 3
    for words in ("Log loss per round", "Feature importance", "bill_ratio", "max_depth"):
        assert words in page
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page) == []
    assert "validation:accuracy=" in job.run.log()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda rows: rows.drop(columns="sex"), "lacks the columns sex"),
        (lambda rows: rows.assign(species=None), "rows without species"),
    ],
)
def test_unfit_data_is_refused_by_name(tmp_path, damage, words):
    workshop = Workshop(CONTAINER, tmp_path)
    file = workshop.channels["validation"] / "penguins.csv"
    damage(pd.read_csv(file)).to_csv(file, index=False)
    job = workshop.start("unfit")

    assert job.run.wait(60) == 1
    failure = job.layout.failure.read_text()
    assert "validation" in failure.splitlines()[0]
    assert words in failure.splitlines()[0]


def test_model_below_the_bar_is_rejected(tmp_path):
    job = Workshop(CONTAINER, tmp_path).start("weak", rounds=1, minimum_accuracy=0.999)

    assert job.run.wait(60) == 1
    assert "minimum_accuracy" in job.layout.failure.read_text().splitlines()[0]
