"""The environment of training code: the SM_* variables that SageMaker's toolkits set too.

Also reads TRAINING_STOP_SECONDS, the time between SIGTERM and SIGKILL.
"""

import json
import os
from pathlib import Path
from typing import Any

from framework.cgroup import available_cpus
from framework.errors import ConfigurationError
from framework.layout import Layout
from framework.training.contract import Contract
from framework.training.hyperparameters import RESERVED_PREFIXES

INFO = "20"
STOP_SECONDS = "120"
LONGEST_MARGIN = 5.0
LONGEST_VALUE = 127 * 1024  # Linux starts no process with a longer variable


def seconds_to_stop() -> float:
    """Seconds after SIGTERM at which training code is killed.

    A little less than TRAINING_STOP_SECONDS, so that the failure file is still written.
    """
    text = os.environ.get("TRAINING_STOP_SECONDS", STOP_SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(
            f"TRAINING_STOP_SECONDS is '{text}', but must be a number of seconds above 0. "
            f"Leave it out for SageMaker's {STOP_SECONDS}."
        )
    return seconds - min(LONGEST_MARGIN, seconds / 10)


def sm_variables(layout: Layout, contract: Contract) -> dict[str, str]:
    """The SM_* variables of this host (docs/contract.md, "Environment").

    Those that would be too long for Linux, made of very long hyperparameters, are left out.
    """
    resources = contract.resources
    hyperparameters = {
        name: _plain(text)
        for name, text in contract.hyperparameters.items()
        if not name.startswith(RESERVED_PREFIXES)
    }
    log_level = _plain(contract.hyperparameters.get("sagemaker_container_log_level", INFO))
    values: dict[str, Any] = {
        "SM_MODEL_DIR": str(layout.model),
        "SM_INPUT_DIR": str(layout.base / "input"),
        "SM_INPUT_CONFIG_DIR": str(layout.config),
        "SM_OUTPUT_DIR": str(layout.output),
        "SM_OUTPUT_DATA_DIR": str(contract.output_data),
        "SM_OUTPUT_FAILURE": str(layout.failure),
        "SM_CHANNELS": sorted(contract.channels),
        "SM_HPS": hyperparameters,
        "SM_USER_ARGS": [
            word for name, value in hyperparameters.items() for word in (f"--{name}", _text(value))
        ],
        "SM_HOSTS": list(resources.hosts),
        "SM_HOST_COUNT": len(resources.hosts),
        "SM_CURRENT_HOST": resources.current_host,
        "SM_CURRENT_HOST_RANK": resources.hosts.index(resources.current_host),
        "SM_MASTER_ADDR": resources.hosts[0],
        "SM_NETWORK_INTERFACE_NAME": resources.document.get("network_interface_name", "eth0"),
        "SM_CURRENT_INSTANCE_TYPE": resources.document.get("current_instance_type", ""),
        "SM_CURRENT_INSTANCE_GROUP": resources.document.get("current_group_name", ""),
        "SM_RESOURCE_CONFIG": dict(resources.document),
        "SM_INPUT_DATA_CONFIG": dict(contract.input_data),
        "SM_NUM_CPUS": available_cpus(),
        "SM_NUM_GPUS": _devices("nvidia[0-9]*"),
        "SM_NUM_NEURONS": _devices("neuron[0-9]*"),
        "SM_LOG_LEVEL": log_level,
    }
    training_env = {name.removeprefix("SM_").lower(): value for name, value in values.items()}
    values["SM_TRAINING_ENV"] = training_env
    for name, channel in contract.channels.items():
        values[f"SM_CHANNEL_{_variable(name)}"] = str(channel.path)
    for name, value in hyperparameters.items():
        values[f"SM_HP_{_variable(name)}"] = value
    texts = {name: _text(value) for name, value in values.items()}
    return {name: text for name, text in texts.items() if len(text.encode()) < LONGEST_VALUE}


def _variable(name: str) -> str:
    """``name`` as a shell can write it in a variable."""
    return "".join(c if c.isalnum() else "_" for c in name).upper()


def _plain(text: str) -> Any:
    """A hyperparameter without the JSON around it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _devices(pattern: str) -> int:
    return len(list(Path("/dev").glob(pattern)))
