"""The drift drill: how often compare() alarms on data that did not shift, and misses data that did.

    python -m tests.drills.drift --seeds 1000

Every run draws a population for each column, a training sample and a later sample from it, and
compares the later one with what a manifest would hold of the first. In the last lines the samples
have 500 to 1,000,000 rows, drawn anew for every run, or exactly so many; the latter run with a
twentieth of the seeds.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.random import Generator

from framework.drift import compare
from framework.schema import learn_statistics

Draw = Callable[[Generator, int], pd.Series]

SIZES = ((500, 500), (500, 50_000), (2_000, 2_000), (50_000, 500), (50_000, 50_000))
LARGE = ((500, 1_000_000), (1_000_000, 500), (1_000_000, 1_000_000))
LARGE_PART = 20
COLUMNS_OF_ONE_KIND = 10
MOST_COLUMNS = 30
MOST_FALSE_ALARMS, FEWEST_FOUND = 0.01, 0.99
SHIFT, SHIFTED_ROWS = 0.5, 2_000


@dataclass(frozen=True)
class Line:
    """One line of the result: how many of the runs alarmed; 0 rows stand for any number."""

    what: str
    reference_rows: int
    rows: int
    runs: int
    alarms: int
    shifted: bool

    @property
    def fault(self) -> bool:
        rate = self.alarms / self.runs
        return rate < FEWEST_FOUND if self.shifted else rate >= MOST_FALSE_ALARMS

    def __str__(self) -> str:
        told = "found" if self.shifted else "false alarms"
        sizes = [f"{rows:,}" if rows else "any" for rows in (self.reference_rows, self.rows)]
        return (
            f"{self.what:22}{sizes[0]:>10}{sizes[1]:>11}{self.runs:>7}   "
            f"{self.alarms / self.runs:7.2%} {told}" + ("   <- FAULT" if self.fault else "")
        )


def numbers(draw: Callable[[Generator, int], np.ndarray]) -> Draw:
    return lambda dice, rows: pd.Series(draw(dice, rows))


def normal(world: Generator) -> Draw:
    mean, spread = world.normal(0, 100), world.lognormal(0, 2)
    return numbers(lambda dice, rows: dice.normal(mean, spread, rows))


def skewed(world: Generator) -> Draw:
    sigma = world.uniform(0.5, 2)
    return numbers(lambda dice, rows: dice.lognormal(0, sigma, rows))


def heavy_tailed(world: Generator) -> Draw:
    freedom = world.uniform(2.1, 4)
    return numbers(lambda dice, rows: dice.standard_t(freedom, rows))


def two_humps(world: Generator) -> Draw:
    apart = world.uniform(2, 10)
    return numbers(lambda dice, rows: dice.normal(0, 1, rows) + apart * (dice.random(rows) < 0.5))


def discrete(world: Generator) -> Draw:
    rate = world.uniform(0.5, 20)
    return numbers(lambda dice, rows: dice.poisson(rate, rows))


def tied(world: Generator) -> Draw:
    zeros = world.uniform(0.3, 0.98)
    return numbers(
        lambda dice, rows: np.where(dice.random(rows) < zeros, 0.0, dice.exponential(1, rows))
    )


def with_missing(world: Generator) -> Draw:
    rate = world.uniform(0.001, 0.3)
    return numbers(
        lambda dice, rows: np.where(dice.random(rows) < rate, np.nan, dice.normal(0, 1, rows))
    )


def shares(world: Generator) -> np.ndarray:
    """Of 2 to 60 categories, most of them rare."""
    weights = 1 / np.arange(1, world.integers(3, 61)) ** world.uniform(0, 2.5)
    return weights / weights.sum()


def categories(world: Generator) -> Draw:
    part = shares(world)
    names = np.array([f"c{i}" for i in range(len(part))])

    def draw(dice: Generator, rows: int) -> pd.Series:
        return pd.Series(pd.Categorical.from_codes(dice.choice(len(part), rows, p=part), names))

    return draw


def many_categories(world: Generator) -> Draw:
    """More than a manifest lists, so that they are counted in groups."""
    weights = 1 / np.arange(1, 2001) ** world.uniform(0, 1.2)
    names = [f"id-{i}" for i in range(len(weights))]

    def draw(dice: Generator, rows: int) -> pd.Series:
        codes = dice.choice(len(weights), rows, p=weights / weights.sum())
        return pd.Series(pd.Categorical.from_codes(codes, names))

    return draw


def booleans(world: Generator) -> Draw:
    rate = 10 ** world.uniform(-3, -0.3)
    return lambda dice, rows: pd.Series(dice.random(rows) < rate)


def dates(world: Generator) -> Draw:
    days = int(world.integers(2, 1000))
    start = pd.Timestamp("2024-01-01")
    return lambda dice, rows: pd.Series(
        start + pd.to_timedelta(dice.integers(0, days * 1440, rows), "min")
    )


KINDS: dict[str, Callable[[Generator], Draw]] = {
    "normal": normal,
    "skewed": skewed,
    "heavy-tailed": heavy_tailed,
    "two humps": two_humps,
    "discrete": discrete,
    "ties": tied,
    "missing values": with_missing,
    "categories": categories,
    "2,000 categories": many_categories,
    "booleans": booleans,
    "dates": dates,
}
SHIFTABLE = ("normal", "skewed", "heavy-tailed", "two humps", "discrete", "ties", "missing values")
MIXED = "1-30 mixed columns"


def populations(world: Generator, kind: str) -> list[Draw]:
    """The columns of one table."""
    if kind != MIXED:
        return [KINDS[kind](world) for _ in range(COLUMNS_OF_ONE_KIND)]
    chosen = world.choice(list(KINDS), world.integers(1, MOST_COLUMNS + 1))
    return [KINDS[name](world) for name in chosen]


def table(draws: Iterable[Draw], dice: Generator, rows: int) -> pd.DataFrame:
    return pd.DataFrame({f"x{i}": draw(dice, rows) for i, draw in enumerate(draws)})


def alarms(kind: str, reference_rows: int, rows: int, seed: int) -> bool:
    """Whether one run on unshifted data alarms; 0 rows are 500 to 1,000,000, by magnitude."""
    dice = np.random.default_rng([seed, reference_rows, rows, sum(kind.encode())])
    reference_rows = reference_rows or int(500 * 2000 ** dice.random())
    rows = rows or int(500 * 2000 ** dice.random())
    draws = populations(dice, kind)
    statistics = learn_statistics(table(draws, dice, reference_rows))
    return compare(statistics, table(draws, dice, rows)).drifted


def finds(kind: str, reference_rows: int, rows: int, seed: int) -> bool:
    """Whether one run names the only column that is shifted by half its standard deviation."""
    dice = np.random.default_rng([seed, reference_rows, rows, sum(kind.encode())])
    draws = [KINDS[kind](dice), *populations(dice, MIXED)]
    before, now = table(draws, dice, reference_rows), table(draws, dice, rows)
    now["x0"] += SHIFT * before["x0"].std()
    return "x0" in compare(learn_statistics(before), now).drifted_columns


def drill(seeds: Sequence[int], large: bool, processes: int) -> Iterable[Line]:
    """All lines, one by one."""
    plan = [(kind, *size, seeds, False) for kind in (*KINDS, MIXED) for size in SIZES]
    plan += [
        (kind, reference, SHIFTED_ROWS, seeds, True)
        for kind in SHIFTABLE
        for reference in (500, 2_000, 50_000)
    ]
    if large:
        plan.append((MIXED, 0, 0, seeds, False))
        few = seeds[: max(1, len(seeds) // LARGE_PART)]
        plan += [(MIXED, *size, few, False) for size in LARGE]
    with ProcessPoolExecutor(processes) as pool:
        for kind, reference, rows, chosen, shifted in plan:
            run = partial(finds if shifted else alarms, kind, reference, rows)
            found = sum(pool.map(run, chosen, chunksize=10))
            yield Line(kind, reference, rows, len(chosen), found, shifted)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seeds", type=int, default=1000, help="runs of each line")
    options.add_argument("--first", type=int, default=0, help="the first seed")
    options.add_argument("--processes", type=int, default=os.cpu_count())
    options.add_argument("--skip-large", action="store_true", help="no million rows")
    given = options.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    print(f"{'columns':22}{'training':>10}{'new rows':>11}{'runs':>7}", flush=True)
    faults = 0
    for line in drill(seeds, not given.skip_large, given.processes):
        print(line, flush=True)
        faults += line.fault
    print(f"{faults} lines at fault." if faults else "No line is at fault.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
