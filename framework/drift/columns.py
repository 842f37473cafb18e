"""The tests of one column, by what its statistics hold."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from framework.drift.binned import BinnedNumbers
from framework.drift.report import ColumnDrift, Share, Test
from framework.drift.samples import chi_square, kolmogorov_smirnov, pooled, stability_index
from framework.drift.thresholds import Thresholds
from framework.schema.statistics import buckets_of, labels_of, lengths_of, numbers_of

Statistics = Mapping[str, Any]
MOST_SHOWN = 10
LONGEST_SHOWN = 40


def findings(
    name: str, known: Statistics, column: Any, thresholds: Thresholds
) -> Iterator[ColumnDrift]:
    """One entry per test that the statistics of a column allow.

    Args:
        known: the column's statistics.
        column: its new values, an array or a Series; None when there is no such column.
    """
    if column is None:
        yield _unreadable(name, "is not in the new data")
        return
    try:
        if "values" in known or "buckets" in known:
            labels = labels_of(column)
            present = labels.total()
            tests = list(_labels(name, known, labels, thresholds))
        elif "range" in known:
            present = int(column.notna().sum())
            tests = list(_dates(name, known, column, thresholds))
        elif "distinct" in known:
            values = lengths_of(column)
            present = len(values)
            tests = list(_numbers(name, "text_length", known, values, thresholds))
        else:
            values = numbers_of(column)
            present = len(values)
            tests = list(_numbers(name, "ks", known, values, thresholds))
    except (TypeError, ValueError, AttributeError) as error:
        yield _unreadable(name, f"has values of another type than in training ({error})")
        return
    yield from tests
    yield _missing(name, known, len(column), len(column) - present, thresholds)


def _numbers(
    name: str, test: Test, known: Statistics, values: np.ndarray, thresholds: Thresholds
) -> Iterator[ColumnDrift]:
    reference = BinnedNumbers.of(known)
    if reference is None or len(values) == 0:
        return
    distance = reference.distance(values)
    cells = reference.cells(values)
    psi = stability_index(cells.reference, cells.current)
    what = "lengths of its texts" if test == "text_length" else "values"
    yield ColumnDrift(
        name,
        test,
        distance,
        kolmogorov_smirnov(distance, reference.rows, len(values)),
        psi,
        psi >= thresholds.psi,
        f"The {what} are distributed differently by up to {distance:.1%} of the rows "
        f"(PSI {psi:.3f}).",
        shares=cells.shares(),
    )


def _labels(
    name: str, known: Statistics, labels: Counter[str], thresholds: Thresholds
) -> Iterator[ColumnDrift]:
    if "buckets" in known:
        names = [f"group {number}" for number in range(len(known["buckets"]))]
        before, now = known["buckets"], buckets_of(labels)
    else:
        names = sorted(known["values"].keys() | labels.keys())
        before = [known["values"].get(label, 0) for label in names]
        now = [labels[label] for label in names]
    if sum(before) == 0 or sum(now) == 0:
        return
    groups = pooled(before, now)
    cells = [[sum(counts[i] for i in group) for group in groups] for counts in (before, now)]
    statistic, p_value = chi_square(*cells)
    psi = stability_index(*cells)
    yield ColumnDrift(
        name,
        "chi_square",
        statistic,
        p_value,
        psi,
        psi >= thresholds.psi,
        f"The shares of its {len(names)} {'groups of ' if 'buckets' in known else ''}values "
        f"differ (PSI {psi:.3f}).",
        shares=_largest_shares(names, before, now),
    )
    if "values" in known:
        yield from _new_categories(name, known["values"], labels, thresholds)


def _new_categories(
    name: str, before: Mapping[str, int], labels: Counter[str], thresholds: Thresholds
) -> Iterator[ColumnDrift]:
    """Were both samples one population, all t rows of a category would be new ones by chance q^t.

    q is the new rows' part of all rows; it is tried for each category there is.
    """
    new = {label: rows for label, rows in labels.items() if label not in before}
    if not new:
        return
    part = labels.total() / (labels.total() + sum(before.values()))
    distinct = len(before.keys() | labels.keys())
    share = sum(new.values()) / labels.total()
    most = sorted(new, key=new.__getitem__, reverse=True)
    listed = ", ".join(f"'{label[:LONGEST_SHOWN]}'" for label in most[:3])
    yield ColumnDrift(
        name,
        "new_categories",
        share,
        min(1.0, distinct * part ** max(new.values())),
        None,
        share >= thresholds.new_categories,
        f"{share:.1%} of the rows have values that training never saw: {listed}"
        + (", …." if len(new) > 3 else "."),
    )


def _dates(
    name: str, known: Statistics, column: Any, thresholds: Thresholds
) -> Iterator[ColumnDrift]:
    """Were both samples one population, t new dates would lie beyond all others by chance q^t."""
    import pandas as pd

    dates = column.dropna()
    if column.dtype.kind != "M":
        raise TypeError(f"{column.dtype} is no date")
    if not known["range"] or len(dates) == 0:
        return
    first, last = map(pd.Timestamp, known["range"])
    slack = (last - first) / 2
    beyond = max(int((dates < first).sum()), int((dates > last).sum()))
    far = float(((dates < first - slack) | (dates > last + slack)).mean())
    part = len(dates) / (len(dates) + known["count"] - known["missing"])
    yield ColumnDrift(
        name,
        "date_range",
        far,
        min(1.0, 2 * part**beyond),
        None,
        far >= thresholds.far_dates,
        f"{far:.1%} of the dates lie far outside the range of training, {first} to {last}.",
    )


def _missing(
    name: str, known: Statistics, rows: int, missing: int, thresholds: Thresholds
) -> ColumnDrift:
    before = [known["missing"], known["count"] - known["missing"]]
    now = [missing, rows - missing]
    statistic, p_value = chi_square(before, now) if before[0] + now[0] else (0.0, 1.0)
    shares = before[0] / known["count"], missing / rows
    return ColumnDrift(
        name,
        "missing",
        statistic,
        p_value,
        stability_index(before, now),
        abs(shares[1] - shares[0]) >= thresholds.missing,
        f"{shares[1]:.1%} of its values are missing, {shares[0]:.1%} in training.",
    )


def _unreadable(name: str, problem: str) -> ColumnDrift:
    return ColumnDrift(name, "unreadable", None, None, None, True, f"The column {problem}.")


def _largest_shares(names: Sequence[str], before: Sequence[int], now: Sequence[int]) -> list[Share]:
    """The categories with most rows, and the rest together."""
    parts = [np.asarray(counts) / sum(counts) for counts in (before, now)]
    order = np.argsort(-(parts[0] + parts[1]), kind="stable").tolist()
    shown, rest = order[:MOST_SHOWN], order[MOST_SHOWN:]
    shares = [Share(names[i][:LONGEST_SHOWN], *(float(part[i]) for part in parts)) for i in shown]
    return shares + ([Share("others", *(float(p[rest].sum()) for p in parts))] if rest else [])
