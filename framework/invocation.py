"""One call of /invocations, as far as its headers go."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Invocation:
    """What SageMaker says about one request beside its body.

    Which of these headers reach a container is only documented for some, so
    each is empty when absent (docs/contract.md, "Headers").

    Attributes:
        content_type: media type of the body, lower case, without parameters.
        accept: media type that the answer will have.
        headers: all request headers, names in lower case.
        reply_headers: headers to set on the answer, for example
            ``X-Amzn-SageMaker-Custom-Attributes``.
    """

    content_type: str = "application/json"
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    reply_headers: dict[str, str] = field(default_factory=dict)

    @property
    def custom_attributes(self) -> str:
        return self._sagemaker_header("custom-attributes")

    @property
    def inference_id(self) -> str:
        return self._sagemaker_header("inference-id")

    @property
    def target_model(self) -> str:
        return self._sagemaker_header("target-model")

    @property
    def target_variant(self) -> str:
        return self._sagemaker_header("target-variant")

    @property
    def session_id(self) -> str:
        return self._sagemaker_header("session-id")

    def _sagemaker_header(self, name: str) -> str:
        return self.headers.get(f"x-amzn-sagemaker-{name}", "")


class AskedAlone(BaseException):
    """``predict`` asks for its invocation while it answers several; no ``except Exception``."""


_TOGETHER = Invocation()
_CURRENT: ContextVar[Invocation] = ContextVar("invocation")


def current_invocation() -> Invocation:
    """The invocation that is being answered; for ``predict``, which is not handed it.

    Outside of a request, for example in a unit test, it is an empty Invocation. A predictor that
    asks for it is given its requests one by one from then on.
    """
    invocation = _CURRENT.get(Invocation())
    if invocation is _TOGETHER:
        raise AskedAlone
    return invocation


class Answering:
    """A context in which an invocation is the current one."""

    __slots__ = ("_invocation", "_token")

    def __init__(self, invocation: Invocation):
        self._invocation = invocation

    def __enter__(self) -> None:
        self._token = _CURRENT.set(self._invocation)

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)


def answering(invocation: Invocation) -> Answering:
    """Make ``invocation`` the current one."""
    return Answering(invocation)


def answering_together() -> Answering:
    """Make several invocations the current ones: asking for one raises AskedAlone."""
    return Answering(_TOGETHER)
