"""Which libraries the data side loads, and when."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


def loaded_after(code: str) -> set[str]:
    """The libraries among those of interest that ``code`` loads in a fresh process."""
    program = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return {"numpy", "pandas", "pyarrow", "orjson"} & set(done.stdout.split())


DECODE = """
import numpy as np
from framework import Invocation
from framework.schema import InputSchema, learn_statistics, sample_of
from framework.serving.codec import ServerCodec
X = {X}
schema = InputSchema.learn(X)
learn_statistics(X)
codec = ServerCodec(schema)
codec.decode(sample_of(X, schema).body.encode(), Invocation())
codec.encode(np.zeros(2), Invocation(accept="text/csv"))
"""


@pytest.mark.parametrize(
    ("code", "libraries"),
    [
        ("import framework.schema, framework.table", set()),
        ("import framework.serving.codec, framework.serving.media", {"orjson"}),
        (DECODE.format(X="np.zeros((2, 3))"), {"orjson", "numpy"}),
        (DECODE.format(X="['a', 'b']"), {"orjson", "numpy"}),
    ],
)
def test_libraries_are_loaded_when_they_are_needed(code, libraries):
    assert loaded_after(code) == libraries
