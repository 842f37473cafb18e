"""Environment variables → settings."""

import pytest

from framework.errors import ConfigurationError
from framework.serving.settings import MEGABYTE, Settings

WORKERS = {"SAGEMAKER_MODEL_SERVER_WORKERS": "4"}


@pytest.mark.parametrize(
    ("environment", "mode", "megabytes", "seconds"),
    [
        ({}, "realtime", 25, 60),
        ({"SAGEMAKER_BATCH": "true"}, "batch", 100, 3600),
        ({"SAGEMAKER_BATCH": "True"}, "batch", 100, 3600),
        ({"SERVING_MODE": "async"}, "async", 1024, 3600),
        ({"SAGEMAKER_BATCH": "true", "SERVING_MODE": "realtime"}, "realtime", 25, 60),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "7"}, "realtime", 7, 60),
        ({"SAGEMAKER_MODEL_SERVER_TIMEOUT": "1.5"}, "realtime", 25, 1.5),
    ],
)
def test_limits_by_mode(
    environment: dict[str, str], mode: str, megabytes: int, seconds: float
) -> None:
    settings = Settings.from_environment(environment)
    assert (settings.mode, settings.timeout) == (mode, seconds)
    assert settings.payload_limit == megabytes * MEGABYTE


def test_a_payload_of_0_means_whole_objects() -> None:
    assert Settings.from_environment({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}).payload_limit is None


@pytest.mark.parametrize(
    ("environment", "concurrency", "strategy", "megabytes"),
    [
        (WORKERS, 4, "MULTI_RECORD", 6),
        ({**WORKERS, "SAGEMAKER_MAX_PAYLOAD_IN_MB": "50"}, 2, "MULTI_RECORD", 50),
        ({**WORKERS, "SAGEMAKER_MAX_PAYLOAD_IN_MB": "100"}, 1, "MULTI_RECORD", 100),
        ({**WORKERS, "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "9"}, 9, "MULTI_RECORD", 6),
        ({**WORKERS, "SAGEMAKER_BATCH_STRATEGY": "SingleRecord"}, 4, "SINGLE_RECORD", 6),
        ({**WORKERS, "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD"}, 4, "SINGLE_RECORD", 6),
    ],
)
def test_execution_parameters(
    environment: dict[str, str], concurrency: int, strategy: str, megabytes: int
) -> None:
    settings = Settings.from_environment(environment)
    assert settings.transform_concurrency == concurrency
    assert settings.transform_strategy == strategy
    assert settings.transform_payload_mb == megabytes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "http"),
        ("SAGEMAKER_BIND_TO_PORT", "70000"),
        ("SAGEMAKER_MODEL_SERVER_WORKERS", "0"),
        ("SAGEMAKER_MODEL_SERVER_WORKERS", "two"),
        ("SAGEMAKER_MODEL_SERVER_TIMEOUT", "0"),
        ("SAGEMAKER_MODEL_SERVER_TIMEOUT", "nan"),
        ("SAGEMAKER_MODEL_SERVER_TIMEOUT", "1e12"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "-1"),
        ("SERVING_WARM_UP", "true"),
        ("SERVING_PRELOAD", "yes"),
        ("SERVING_QUEUE", "-1"),
        ("SAGEMAKER_BATCH_STRATEGY", "many"),
        ("SERVING_MODE", "real-time"),
    ],
)
def test_what_cannot_be_understood_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}'"):
        Settings.from_environment({name: value})


def test_empty_variables_are_unset_ones() -> None:
    names = ("SAGEMAKER_BIND_TO_PORT", "SERVING_MODE", "SERVING_PRELOAD", "SERVING_QUEUE")
    assert Settings.from_environment(dict.fromkeys(names, "")) == Settings.from_environment({})


def test_one_thread_per_worker_allows_to_load_before_the_fork() -> None:
    many = Settings.from_environment({"SAGEMAKER_MODEL_SERVER_WORKERS": "1000"})
    assert (many.threads_per_worker, many.preload) == (1, True)
