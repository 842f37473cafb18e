"""moto as a WSGI application, and how to make it forget everything."""

import logging
import os
from typing import Any
from urllib.parse import urlsplit

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)

from local_test.aws.world import World

REQUEST_HANDLER = MotoRequestHandler


def install(world: World) -> None:
    """Let state machines run for real, and functions as processes."""
    os.environ["MOTO_PORT"] = str(urlsplit(world.url).port)  # for its clients of itself
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    logging.getLogger("moto").setLevel(logging.CRITICAL)  # errors reach the caller
    default_user_config["lambda"] = {"use_docker": False}


def application() -> Any:
    """moto's services behind one WSGI application."""
    return DomainDispatcherApplication(create_backend_app)


def reset() -> None:
    """Forget everything, in every account and region."""
    BackendDict.reset()
    reset_model_data()
