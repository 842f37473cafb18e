"""What the environment says about serving, checked once and then frozen."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from framework.cgroup import available_cpus
from framework.errors import ConfigurationError, did_you_mean

Mode = Literal["realtime", "batch", "async"]
Choice = TypeVar("Choice")

MODES: dict[str, Mode] = {"realtime": "realtime", "batch": "batch", "async": "async"}
MEGABYTE = 1024 * 1024
PAYLOAD_MB = {"realtime": 25, "batch": 100, "async": 1024}
TIMEOUT_SECONDS = {"realtime": 60.0, "batch": 3600.0, "async": 3600.0}
TRANSFORM_MEMORY_MB = 100
TRANSFORM_PAYLOAD_MB = 6
QUEUE = 64
DAY_SECONDS = 86_400
BATCH_STRATEGIES = {"MULTI_RECORD": "MULTI_RECORD", "SINGLE_RECORD": "SINGLE_RECORD"}
BATCH_STRATEGIES |= {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        mode: how SageMaker calls this container; sets the limits' defaults.
        port: where to listen; 0 asks the kernel, and the log's "listening" line tells.
        workers: processes that answer, each one invocation at a time.
        fewer_workers: whether there may be fewer, where memory does not do for so many.
        queue: invocations that may wait in one worker before others are turned away.
        timeout: seconds one invocation may take from its headers to its answer.
        payload_limit: bytes of one body; None when the caller asked for no limit.
        default_accept: media type of answers when the request names none; "" follows the request.
        warm_up: answer the manifest's sample before a worker calls itself ready.
        preload: load the model once, before the workers are forked.
        growth: bytes by which a worker may grow before it is replaced; None leaves it to the
            container's memory.
        threads_per_worker: threads that numeric libraries may use in each worker.
    """

    mode: Mode
    port: int
    workers: int
    fewer_workers: bool
    queue: int
    timeout: float
    payload_limit: int | None
    default_accept: str
    warm_up: bool
    preload: bool
    growth: int | None
    threads_per_worker: int
    transform_payload_mb: int
    transform_concurrency: int
    transform_strategy: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables of docs/contract.md.

        Raises:
            ConfigurationError: one of them cannot be understood; names it and what it may be.
        """
        read = _Reader(environment)
        mode = read.choice("SERVING_MODE", MODES, _mode(environment))
        cpus = available_cpus()
        workers = read.whole("SAGEMAKER_MODEL_SERVER_WORKERS", cpus, least=1)
        threads = max(1, cpus // workers)
        payload_mb = read.whole("SAGEMAKER_MAX_PAYLOAD_IN_MB", PAYLOAD_MB[mode], least=0)
        transform_mb = read.whole("SAGEMAKER_MAX_PAYLOAD_IN_MB", TRANSFORM_PAYLOAD_MB, least=0)
        fitting = max(1, min(workers, TRANSFORM_MEMORY_MB // max(transform_mb, 1)))
        return cls(
            mode=mode,
            port=read.whole("SAGEMAKER_BIND_TO_PORT", 8080, least=0, most=65535),
            workers=workers,
            fewer_workers=not read.text("SAGEMAKER_MODEL_SERVER_WORKERS"),
            queue=read.whole("SERVING_QUEUE", QUEUE, least=0, most=4096),
            timeout=read.seconds("SAGEMAKER_MODEL_SERVER_TIMEOUT", TIMEOUT_SECONDS[mode]),
            payload_limit=payload_mb * MEGABYTE or None,
            default_accept=read.text("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"),
            warm_up=read.switch("SERVING_WARM_UP", True),
            preload=read.switch("SERVING_PRELOAD", threads == 1),
            growth=read.whole("SERVING_GROWTH_MB", 0, least=0) * MEGABYTE or None,
            threads_per_worker=threads,
            transform_payload_mb=transform_mb,
            transform_concurrency=read.whole(
                "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", fitting, least=1
            ),
            transform_strategy=read.choice(
                "SAGEMAKER_BATCH_STRATEGY", BATCH_STRATEGIES, "MULTI_RECORD"
            ),
        )

    def limit_threads(self) -> None:
        """Tell numeric libraries how many threads to use; a user's own setting stays.

        Has an effect only before numpy is imported.
        """
        for name in THREAD_VARIABLES:
            os.environ.setdefault(name, str(self.threads_per_worker))


def _mode(environment: Mapping[str, str]) -> Mode:
    return "batch" if environment.get("SAGEMAKER_BATCH", "").lower() == "true" else "realtime"


class _Reader:
    """Reads one variable at a time; unset and empty both mean the default."""

    def __init__(self, environment: Mapping[str, str]):
        self._environment = environment

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def whole(self, name: str, default: int, least: int, most: int | None = None) -> int:
        text = self.text(name)
        if not text:
            return default
        bounds = f"from {least} to {most}" if most else f"of at least {least}"
        if not (text.isascii() and text.isdigit() and least <= int(text) <= (most or math.inf)):
            raise ConfigurationError(f"{name} is '{text}'; it must be a whole number {bounds}.")
        return int(text)

    def seconds(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            seconds = float(text or default)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= DAY_SECONDS:
            raise ConfigurationError(
                f"{name} is '{text}'; it must be seconds, above 0 and at most {DAY_SECONDS}."
            )
        return seconds

    def switch(self, name: str, default: bool) -> bool:
        return self.choice(name, {"on": True, "off": False}, default)

    def choice(self, name: str, choices: Mapping[str, Choice], default: Choice) -> Choice:
        text = self.text(name)
        if text and text not in choices:
            raise ConfigurationError(f"{name} is '{text}'. {did_you_mean(text, choices)}")
        return choices[text] if text else default
