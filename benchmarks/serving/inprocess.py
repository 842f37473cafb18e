"""The least that an answer takes: decode and predict in one process, without a server.

Run as a script with the path of the staged model, the form ("predict" for no decoding) and the file
with the body. Prints milliseconds: the median of the fastest way to decode.
"""

import io
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any


def main(base: str, algorithm: str, form: str, body: str, seconds: str) -> None:
    model = pickle.loads((Path(base) / "model/model.pickle").read_bytes())
    content = Path(body).read_bytes()
    ways = decoders(form, Path(base) / "model", Path(algorithm), content)
    print(min(timed(model, decode, float(seconds) / len(ways)) for decode in ways))


def timed(model: Any, decode: Callable[[], Any], seconds: float) -> float:
    model.predict(decode())
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 3:
        began = time.perf_counter()
        model.predict(decode())
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def decoders(form: str, model_dir: Path, algorithm: Path, body: bytes) -> list[Callable[[], Any]]:
    """Every way that is known to be fast."""
    import numpy as np
    import pandas as pd

    if form == "predict":
        rows = pd.read_csv(io.BytesIO(body), header=None).to_numpy()
        return [lambda: rows]
    if form == "npy":
        return [lambda: np.load(io.BytesIO(body), allow_pickle=False)]
    return [
        lambda: pd.read_csv(io.BytesIO(body), header=None).to_numpy(),
        ours(model_dir, algorithm, body),
    ]


def ours(model_dir: Path, algorithm: Path, body: bytes) -> Callable[[], Any]:
    """The framework's own decoding, which checks the schema, too."""
    from framework.algorithm import Algorithm
    from framework.invocation import Invocation
    from framework.serving.model import ServedModel

    predictor = ServedModel.load(Algorithm.load(algorithm), model_dir).predictor
    invocation = Invocation("text/csv", "text/csv", {"content-type": "text/csv"})
    return lambda: predictor.decode(body, invocation)


if __name__ == "__main__":
    main(*sys.argv[1:])
