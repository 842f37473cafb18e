"""compare() on data of every kind: what has drifted, what has not, and what cannot be said."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from framework.drift import Thresholds, compare, drift_section
from framework.drift.report import holm
from framework.drift.samples import chi_square, pooled, stability_index
from framework.errors import DataError
from framework.schema import learn_statistics


def table(seed: int, rows: int = 2000) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": dice.normal(100, 15, rows),
            "zeros": np.where(dice.random(rows) < 0.8, 0.0, dice.exponential(1, rows)),
            "count": dice.poisson(0.5, rows),
            "holes": np.where(dice.random(rows) < 0.05, np.nan, dice.normal(0, 1, rows)),
            "city": dice.choice(["Bern", "Genf", "Basel"], rows, p=[0.6, 0.3, 0.1]),
            "id": pd.Categorical([f"{i}" for i in dice.integers(0, 900, rows)]),
            "member": dice.random(rows) < 0.3,
            "text": ["word " * int(n) + str(i) for i, n in enumerate(dice.integers(1, 30, rows))],
            "seen": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(dice.integers(0, 365 * 1440, rows), "min"),
        }
    )


STATISTICS = learn_statistics(table(0))


def changed(column: str, change) -> pd.DataFrame:
    frame = table(1)
    return frame.assign(**{column: change(frame[column])})


def test_the_same_population_has_not_drifted():
    report = compare(STATISTICS, table(1))
    assert (report.drifted, report.judged, report.drifted_columns) == (False, True, [])
    assert (report.reference_rows, report.rows) == (2000, 2000)


@pytest.mark.parametrize(
    ("column", "change", "test"),
    [
        ("number", lambda c: c + 7.5, "ks"),
        ("number", lambda c: (c - 100) * 2 + 100, "ks"),
        ("zeros", lambda c: c.where(c.index % 2 == 0, 1.0), "ks"),
        ("zeros", lambda c: c + 0.01, "ks"),
        ("count", lambda c: c - 0.35, "ks"),
        ("holes", lambda c: c.where(c.index % 5 > 0), "missing"),
        ("number", lambda c: c * np.nan, "missing"),
        ("city", lambda c: c.where(c.index % 3 > 0, "Genf"), "chi_square"),
        ("city", lambda c: c.where(c.index % 40 > 0, "Chur"), "new_categories"),
        ("id", lambda c: c.cat.add_categories("new").where(c.index % 4 > 0, "new"), "chi_square"),
        ("member", lambda c: c | (c.index % 3 == 0), "chi_square"),
        ("text", lambda c: c.str[:20], "text_length"),
        ("seen", lambda c: c + pd.Timedelta(days=365), "date_range"),
        ("number", lambda c: c.astype(str) + " kg", "unreadable"),
        ("seen", lambda c: c.astype(str), "unreadable"),
    ],
)
def test_a_change_is_found_by_the_test_for_it(column, change, test):
    report = compare(STATISTICS, changed(column, change))
    assert report.drifted
    assert report.drifted_columns == [column]
    assert test in {found.test for found in report.columns if found.drifted}


def test_a_column_that_is_gone_has_drifted():
    report = compare(STATISTICS, table(1).drop(columns="city").assign(new=1))
    (found,) = (found for found in report.columns if found.drifted)
    assert (found.column, found.p_value) == ("city", None)
    assert found.description == "The column is not in the new data."


def test_dates_that_follow_closely_have_not_drifted():
    later = changed("seen", lambda c: c + pd.Timedelta(days=120))
    assert not compare(STATISTICS, later).drifted


def test_a_constant_column_that_changes_has_drifted():
    before, same, now = (np.full((500, 1), value) for value in (5.0, 5.0, 5.1))
    assert not compare(learn_statistics(before), same).drifted
    assert compare(learn_statistics(before), now).drifted


def test_very_many_rows_do_not_make_a_tiny_change_matter():
    dice = np.random.default_rng(2)
    statistics = learn_statistics(dice.normal(0, 1, (300_000, 1)))
    (ks, _) = compare(statistics, dice.normal(0.05, 1, (300_000, 1))).columns
    assert ks.adjusted_p_value < 1e-20
    assert not ks.drifted
    assert compare(statistics, dice.normal(0.5, 1, (300_000, 1))).drifted


def test_manifests_with_deciles_only_still_serve():
    old = {
        name: {key: value for key, value in column.items() if "histogram" not in key}
        for name, column in STATISTICS.items()
    }
    assert not compare(old, table(1)).drifted
    assert compare(old, changed("number", lambda c: c + 7.5)).drifted_columns == ["number"]
    assert compare(old, changed("text", lambda c: c.str[:20])).drifted_columns == ["text"]


def test_deciles_of_ties_raise_no_alarm():
    for seed in range(50):
        dice = np.random.default_rng(seed)
        before, now = dice.poisson(0.7, (2000, 5)), dice.poisson(0.7, (20_000, 5))
        old = learn_statistics(before)
        for column in old.values():
            del column["histogram"]
        assert not compare(old, now).drifted, seed


def test_arrays_images_and_texts_are_compared_too():
    dice = np.random.default_rng(3)
    images = dice.random((200, 4, 4))
    assert not compare(learn_statistics(images), dice.random((200, 4, 4))).drifted
    assert compare(learn_statistics(images), dice.random((200, 4, 4)) / 2).drifted
    texts = [f"text number {'x' * (i % 30)}{i}" for i in range(500)]
    assert not compare(learn_statistics(texts), texts[::-1]).drifted
    assert compare(learn_statistics(texts), [text * 2 for text in texts]).drifted


def test_too_few_rows_give_no_verdict():
    report = compare(STATISTICS, table(1, rows=99).assign(number=0.0))
    assert (report.judged, report.drifted, report.columns) == (False, False, ())
    assert report.reason.startswith("The new data have 99 rows; a verdict needs 100.")
    small = compare(learn_statistics(table(0, rows=20)), table(1))
    assert small.reason.startswith("The statistics were learned from 20 rows")


def test_what_is_no_table_is_refused():
    with pytest.raises(DataError, match="which has no schema"):
        compare(STATISTICS, {"a": 1})


def test_the_report_as_json_and_as_a_page():
    report = compare(STATISTICS, changed("city", lambda c: c.where(c.index % 9 > 0, "<Chur>")))
    content = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert content["drifted"] is True
    assert content["rows"] == {"reference": 2000, "current": 2000}
    entry = next(c for c in content["columns"] if c["test"] == "chi_square")
    assert {"column", "test", "statistic", "p_value", "psi", "drifted"} <= entry.keys()
    page = drift_section(report)
    assert "&lt;Chur&gt;" in page
    assert "<Chur>" not in page
    assert "<svg" in page
    few = compare(STATISTICS, table(1, rows=5))
    assert "No verdict" in drift_section(few)


def test_thresholds_can_be_set():
    shifted = changed("number", lambda c: c + 7.5)
    assert not compare(STATISTICS, shifted, Thresholds(psi=5)).drifted
    assert not compare(STATISTICS, shifted, Thresholds(significance=0)).drifted


def test_the_samples_tests_agree_with_scipy():
    before, now = [400, 300, 200, 100], [90, 50, 40, 20]
    expected = stats.chi2_contingency([before, now])
    assert chi_square(before, now) == pytest.approx((expected.statistic, expected.pvalue))
    expected = stats.chi2_contingency([[400, 600], [90, 110]])
    assert chi_square([400, 600], [90, 110]) == pytest.approx((expected.statistic, expected.pvalue))


def test_the_distance_agrees_with_scipy_where_values_are_few():
    before, now = (np.random.default_rng(seed).integers(0, 9, (400, 1)) for seed in (1, 2))
    (ks, _) = compare(learn_statistics(before), now).columns
    expected = stats.ks_2samp(before[:, 0], now[:, 0], method="asymp")
    assert ks.statistic == pytest.approx(expected.statistic)
    assert ks.p_value >= expected.pvalue * 0.9


def test_rare_cells_are_counted_together():
    assert sorted(map(sorted, pooled([100, 90, 2, 1], [50, 40, 1, 2]))) == [[0], [1, 2, 3]]
    groups = pooled([1000, 900, 30, 20, 1], [50, 45, 3, 2, 1])
    totals = [sum([1000 + 50, 900 + 45, 33, 22, 2][i] for i in group) for group in groups]
    assert sorted(i for group in groups for i in group) == [0, 1, 2, 3, 4]
    assert min(totals) * 101 / 2052 >= 5


def test_the_stability_index_is_the_usual_one():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.4, 0.2])
    expected = ((q - p) * np.log(q / p)).sum()
    assert stability_index(p * 1e6, q * 1e6) == pytest.approx(expected, rel=1e-4)
    assert stability_index([10, 0, 0], [20, 0, 0]) == 0


def test_holms_correction():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
