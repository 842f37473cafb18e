"""One call of SageMaker's API, and the handlers that answer calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_test.aws.sagemaker.store import Store
from local_test.aws.world import World


@dataclass(frozen=True)
class Call:
    """A valid call.

    Attributes:
        parameters: as the caller sent them, already checked against the service model.
        store: of the region that was called.
    """

    operation: str
    parameters: dict[str, Any]
    store: Store
    world: World


Handler = Callable[[Call], dict[str, Any] | None]
Handlers = Mapping[str, Handler]
