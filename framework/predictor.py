"""The base of the user's Predictor: load a model, answer rows."""

import pickle
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

from framework.errors import ArtifactError
from framework.invocation import Invocation

MODEL_FILE = "model.pickle"


class Codec(Protocol):
    """The server's own decoding and encoding, which a Predictor may replace."""

    def decode(self, body: bytes, invocation: Invocation) -> Any: ...

    def encode(self, answers: Any, invocation: Invocation) -> bytes: ...


class Predictor(ABC):
    """Answers rows with a trained model. ``predict`` is the only method to write.

    One instance serves many requests, so it keeps nothing between them.

    Attributes:
        tolerance: relative difference at which two numeric answers still count
            as equal. None: exact for labels, integers and text, 1e-9 for
            float64, 1e-5 for float32.
        max_batch_rows: requests that wait at the same time are predicted together,
            up to so many rows; 0 predicts each request alone.
        model: what ``load`` returned.
        codec: the default decoding and encoding; the server sets it.
    """

    tolerance: ClassVar[float | None] = None
    max_batch_rows: ClassVar[int] = 1000

    model: Any = None
    codec: Codec

    def load(self, model_dir: Path) -> Any:
        """Return the model that Trainer.save wrote to ``model_dir`` (read-only).

        The default unpickles ``model.pickle``, which only the training job wrote.
        """
        path = model_dir / MODEL_FILE
        if not path.is_file():
            present = ", ".join(sorted(p.name for p in model_dir.glob("*"))) or "nothing"
            raise ArtifactError(
                f"There is no {MODEL_FILE} in {model_dir} (it holds: {present}). Let the trainer "
                "write it, or override Predictor.load for another format."
            )
        with path.open("rb") as file:
            return pickle.load(file)

    @abstractmethod
    def predict(self, data: Any) -> Any:
        """Return one answer per row of ``data``, in order, or yield them to send each at once.

        ``data`` is a numpy array (rows first) for a model trained on an array, a
        DataFrame for one trained on named or mixed columns, and a one-dimensional
        object array for one trained on plain texts.
        """

    def decode(self, body: bytes, invocation: Invocation) -> Any:
        """Turn a request body into ``predict``'s data. Raise RequestError to refuse it."""
        return self.codec.decode(body, invocation)

    def encode(self, answers: Any, invocation: Invocation) -> bytes:
        """Turn ``predict``'s answers into a body of the type ``invocation.accept``."""
        return self.codec.encode(answers, invocation)

    def ready(self) -> bool:
        """Whether this worker can answer now; asked by every /ping, so it must be quick."""
        return True
