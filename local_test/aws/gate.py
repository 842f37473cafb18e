"""The door of the local AWS: names every call, and refuses what nobody answers for."""

from collections.abc import Iterable
from typing import Any

from local_test.aws.sagemaker.service import SageMaker

StartResponse = Any


class Gate:
    """A WSGI application in front of SageMaker (ours) and everything else (moto's)."""

    def __init__(self) -> None:
        self._sagemaker: SageMaker | None = None
        self._others: Any = None

    def open(self, sagemaker: SageMaker, others: Any) -> None:
        """Let calls through to these two."""
        self._sagemaker, self._others = sagemaker, others

    def close(self) -> None:
        """End what runs in SageMaker."""
        if self._sagemaker is not None:
            self._sagemaker.close()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if self._sagemaker.answers(environ):
            return self._sagemaker(environ, start_response)
        return self._others(environ, start_response)
