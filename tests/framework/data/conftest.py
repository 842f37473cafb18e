"""Training data of every kind, and a codec that speaks for a model trained on them."""

import timeit
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework import Invocation, RequestError
from framework.schema import InputSchema
from framework.serving.codec import ServerCodec
from framework.serving.media import MediaType


class Model:
    """Decodes and encodes as the server of a model trained on ``X`` does."""

    def __init__(self, X: Any, **options: Any):
        learned = InputSchema.learn(X, **options)
        self.schema = InputSchema.model_validate_json(learned.model_dump_json())
        self.codec = ServerCodec(self.schema)

    def decode(self, body: bytes | str, content_type: str = "application/json") -> Any:
        body = body.encode() if isinstance(body, str) else body
        return self.codec.decode(body, invocation(content_type))

    def csv(self, body: bytes | str, parameters: str = "") -> Any:
        return self.decode(body, f"text/csv{parameters}")

    def refusal(
        self, body: bytes | str, content_type: str = "application/json", status: int = 422
    ) -> str:
        """The sentence with which the body is refused."""
        with pytest.raises(RequestError) as refused:
            self.decode(body, content_type)
        assert refused.value.status == status, refused.value
        return str(refused.value)


def invocation(content_type: str = "application/json", accept: str = "application/json") -> Any:
    return Invocation(
        content_type=MediaType.parse(content_type).name,
        accept=accept,
        headers={"content-type": content_type, "accept": accept},
    )


def penguins(rows: int = 40) -> pd.DataFrame:
    """Mixed columns: numbers with gaps, integers, categories, texts, truth values, dates."""
    half = rows // 2
    return pd.DataFrame(
        {
            "mass": [3750.5, None] * half,
            "year": [2007, 2008] * half,
            "island": ["Biscoe", "Dream"] * half,
            "sex": ["male", None] * half,
            "note": [f"penguin, no. {row}" for row in range(rows)],
            "tagged": [True, False] * half,
            "seen": pd.date_range("2024-01-01 12:30:00", periods=rows),
            "size": pd.Categorical(["small", "large"] * half, ["small", "large"], ordered=True),
        }
    )


@pytest.fixture
def frame() -> pd.DataFrame:
    return penguins()


@pytest.fixture
def numbers() -> np.ndarray:
    """100 rows of 3 numbers; one is missing."""
    values = np.random.default_rng(0).normal(size=(100, 3))
    values[7, 1] = np.nan
    return values


@pytest.fixture
def model() -> Callable[..., Model]:
    return Model


@pytest.fixture
def benchmark_seconds() -> Callable[[Callable[[], Any]], float]:
    """The shortest of three runs."""

    def measure(action: Callable[[], Any]) -> float:
        return min(timeit.repeat(action, number=1, repeat=3))

    return measure
