"""The least that an answer takes: decode and predict in one process, without a server.

Run as a script with the path of the staged model, the form ("predict" for no decoding) and the
files with the bodies, which are answered in turn. Prints milliseconds: the median of the fastest
way to decode.
"""

import io
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any


def main(base: str, algorithm: str, form: str, seconds: str, *files: str) -> None:
    model = pickle.loads((Path(base) / "model/model.pickle").read_bytes())
    bodies = [Path(file).read_bytes() for file in files]
    ways = decoders(form, Path(base) / "model", Path(algorithm), bodies)
    print(min(timed(model, decode, bodies, float(seconds) / len(ways)) for decode in ways))


def timed(
    model: Any, decode: Callable[[bytes], Any], bodies: Sequence[bytes], seconds: float
) -> float:
    model.predict(decode(bodies[0]))
    taken, end = [], time.perf_counter() + seconds
    for body in cycle(bodies):
        if time.perf_counter() >= end and len(taken) >= 3:
            break
        began = time.perf_counter()
        model.predict(decode(body))
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def decoders(
    form: str, model_dir: Path, algorithm: Path, bodies: Sequence[bytes]
) -> list[Callable[[bytes], Any]]:
    """Every way that is known to be fast."""
    import numpy as np

    if form == "predict":
        return [{body: rows_of(body) for body in bodies}.__getitem__]
    if form == "npy":
        return [lambda body: np.load(io.BytesIO(body), allow_pickle=False)]
    return [rows_of, ours(model_dir, algorithm)]


def rows_of(body: bytes) -> Any:
    import pandas as pd

    return pd.read_csv(io.BytesIO(body), header=None).to_numpy()


def ours(model_dir: Path, algorithm: Path) -> Callable[[bytes], Any]:
    """The framework's own decoding, which checks the schema, too."""
    from framework.algorithm import Algorithm
    from framework.invocation import Invocation
    from framework.serving.model import ServedModel

    predictor = ServedModel.load(Algorithm.load(algorithm), model_dir).predictor
    invocation = Invocation("text/csv", "text/csv", {"content-type": "text/csv"})
    return lambda body: predictor.decode(body, invocation)


if __name__ == "__main__":
    main(*sys.argv[1:])
