"""How long things take to start, against the least that they could take.

    python -m benchmarks.start --rounds 7

- `import framework` against `import pydantic`;
- `serve` to the first 200 on /ping against a bare process that imports the algorithm's predictor
  with its libraries and loads its model.

Both sides of a ratio are measured in turn, and medians are compared.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from framework.algorithm import Algorithm
from framework.testing import (
    Client,
    JobDescription,
    NotServing,
    ProcessEngine,
    stage_serving,
    stage_training,
)
from framework.testing.subject import sample_channels

PROJECT = Path(__file__).parents[1]
ALGORITHMS = [PROJECT / "container", PROJECT / "tests/algorithms/linear_npz"]
BARE = """
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, {directory!r})
getattr(import_module({module!r}), {name!r})().load(Path({model!r}))
"""
TRAIN_SECONDS = 300
START_SECONDS = 120


def main() -> None:
    """Measure everything and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="pairs per ratio (default 7)")
    parser.add_argument("--algorithm", type=Path, action="append", help="a directory; repeatable")
    options = parser.parse_args()
    print(f"{'least / ours':34} {'least':>8} {'ours':>8} {'ratio':>6}  allowed")
    imports = [partial(python, "import pydantic"), partial(python, "import framework")]
    least, ours = medians(options.rounds, *imports)
    show("import pydantic / import framework", least, ours, allowed=1.5 * least)
    for directory in options.algorithm or ALGORITHMS:
        with tempfile.TemporaryDirectory() as scratch:
            least, ours = medians(options.rounds, *bare_and_serve(directory, Path(scratch)))
        show(f"bare load / serve: {directory.name}", least, ours, allowed=1.3 * least + 0.5)


def medians(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The median seconds of each measure, taken in turn; a first round only warms up."""
    taken = [[measure() for measure in measures] for _ in range(rounds + 1)][1:]
    return [median(seconds) for seconds in zip(*taken, strict=True)]


def show(what: str, least: float, ours: float, allowed: float) -> None:
    print(
        f"{what:34} {least * 1000:5.0f} ms {ours * 1000:5.0f} ms {ours / least:6.2f}  "
        f"{allowed * 1000:.0f} ms {'kept' if ours <= allowed else 'MISSED'}",
        flush=True,
    )


def python(code: str) -> float:
    """Seconds that a fresh interpreter needs for ``code``."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
    return time.monotonic() - began


def bare_and_serve(directory: Path, scratch: Path) -> tuple[Callable[[], float], ...]:
    """The two measures of an algorithm, which is trained on its sample first."""
    algorithm = Algorithm.load(directory)
    engine = ProcessEngine(directory, scratch)
    job = JobDescription(sample_channels(algorithm, scratch), algorithm.file.sample.hyperparameters)
    trained = stage_training(scratch / "training", job)
    training = engine.start(["train"], trained.base)
    if training.wait(TRAIN_SECONDS) != 0:
        raise SystemExit(training.log())
    served = stage_serving(scratch / "serving", trained.model)
    module, _, name = algorithm.file.predictor.partition(":")
    bare = BARE.format(
        directory=str(algorithm.directory), module=module, name=name, model=str(served.model)
    )
    return partial(python, bare), partial(first_answer, engine, served.base)


def first_answer(engine: ProcessEngine, base: Path) -> float:
    """Seconds from the start of `serve` to its first 200 on /ping."""
    began = time.monotonic()
    serving = engine.start(["serve"], base)
    try:
        while not answers(Client(*serving.address)):
            if serving.exit_code is not None or time.monotonic() - began > START_SECONDS:
                raise SystemExit(serving.log())
            time.sleep(0.005)
        return time.monotonic() - began
    finally:
        serving.kill()


def answers(client: Client) -> bool:
    try:
        return client.ping().status == 200
    except (NotServing, OSError):
        return False


if __name__ == "__main__":
    main()
