"""Serves a script written for another toolkit: model_fn, input_fn, predict_fn, output_fn.

    predictor = "framework.adapter:ScriptPredictor"     # in algorithm.toml
    script = "inference.py"

Each function is optional; what is missing the framework does: it unpickles, decodes, calls
``model.predict`` and encodes. Each may take one more argument, the request's context.
"""

import inspect
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import AlgorithmNotFound, RequestError
from framework.invocation import Invocation, current_invocation
from framework.predictor import Predictor

LOGGER = logging.getLogger(__name__)
FUNCTIONS = ("model_fn", "input_fn", "predict_fn", "output_fn")
JSON = "application/json"
SENT_AS_TEXT = {JSON, "text/csv"}  # the types whose body the toolkits hand over as str


class ScriptContext:
    """What the toolkits' handlers get as ``context``, as far as SageMaker's contract knows it.

    Attributes:
        system_properties: "model_dir" and "gpu_id" (None).
    """

    def __init__(self, model_dir: Path, invocation: Invocation):
        self.system_properties = {"model_dir": str(model_dir), "gpu_id": None}
        self._invocation = invocation

    def get_all_request_header(self, index: int) -> dict[str, str]:
        """All headers of the request, names in lower case; ``index`` is always 0."""
        return dict(self._invocation.headers)

    def get_request_header(self, index: int, key: str) -> str | None:
        """One header of the request, None when it was not sent."""
        return self._invocation.headers.get(key.lower())

    def set_response_header(self, key: str, value: str) -> None:
        """Set a header of the answer."""
        self._invocation.reply_headers[key] = value


class ScriptPredictor(Predictor):
    """A Predictor made of the functions of one script."""

    def load(self, model_dir: Path) -> Any:
        self._model_dir = model_dir
        script = _import_script(Algorithm.load())
        self._functions = {
            name: function
            for name in FUNCTIONS
            if callable(function := getattr(script, name, None))
        }
        if not self._functions:
            raise AlgorithmNotFound(
                f"{script.__file__} defines none of {', '.join(FUNCTIONS)}. Name the script that "
                "does as 'script' in algorithm.toml."
            )
        if "input_fn" in self._functions:
            self.decode = self._decode_by_script
        if "output_fn" in self._functions:
            self.encode = self._encode_by_script
        if "model_fn" in self._functions:
            return self._call("model_fn", str(model_dir))
        return super().load(model_dir)

    def predict(self, data: Any) -> Any:
        if "predict_fn" in self._functions:
            return self._call("predict_fn", data, self.model)
        return self.model.predict(data)

    def _decode_by_script(self, body: bytes, invocation: Invocation) -> Any:
        """What input_fn makes of the body. It sees nothing else, so its errors are the caller's."""
        try:
            content = body.decode() if invocation.content_type in SENT_AS_TEXT else body
            return self._call("input_fn", content, invocation.content_type)
        except RequestError:
            raise
        except Exception as error:
            LOGGER.warning("input_fn failed", exc_info=True)
            kind = type(error).__name__
            raise RequestError(400, f"The body cannot be read ({kind}: {error}).") from error

    def _encode_by_script(self, answers: Any, invocation: Invocation) -> bytes:
        if invocation.headers.get("accept", "*/*") == "*/*":
            invocation.accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or JSON
        try:
            output = self._call("output_fn", answers, invocation.accept)
        except Exception as error:
            if invocation.accept == JSON:
                raise
            self._call("output_fn", answers, JSON)  # raises too when the answers are at fault
            raise RequestError(
                406,
                f"The answers cannot be written as {invocation.accept} "
                f"({type(error).__name__}: {error}). Accept {JSON}.",
            ) from error
        if isinstance(output, tuple):
            output, invocation.accept = output
        return output.encode() if isinstance(output, str) else output

    def _call(self, name: str, *arguments: Any) -> Any:
        function = self._functions[name]
        if _takes(function, len(arguments) + 1):
            return function(*arguments, ScriptContext(self._model_dir, current_invocation()))
        return function(*arguments)


def _import_script(algorithm: Algorithm) -> ModuleType:
    path = algorithm.directory / algorithm.file.script
    if not path.is_file():
        raise AlgorithmNotFound(
            f'{algorithm.directory / "algorithm.toml"}: script = "{algorithm.file.script}" names '
            "no file there. Write the path of the script that defines model_fn."
        )
    sys.path.insert(0, str(path.parent))
    return algorithm.import_module(path.stem)


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether ``function`` has ``count`` or more positional parameters."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(parameter.kind in kinds for parameter in parameters) >= count
