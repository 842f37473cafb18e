"""The `serve` command."""

import argparse
import os
import signal
import sys
from functools import partial
from typing import NoReturn

from framework.algorithm import Algorithm
from framework.errors import EXIT_KNOWN, EXIT_OK, EXIT_UNEXPECTED, FrameworkError
from framework.garbage import seldom_collected
from framework.layout import Layout
from framework.serving import log
from framework.serving.allocator import keep_freed_memory
from framework.serving.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Serve the model below SAGEMAKER_BASE_DIR until SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="serve", description="Answer /ping and /invocations. Set up by environment variables."
    )
    parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    log.configure()
    signal.signal(signal.SIGTERM, _end_before_serving)
    try:
        return _serve()
    except FrameworkError as error:
        log.failure("serving failed", error)
        return EXIT_KNOWN
    except Exception as error:
        log.failure("serving failed", error)
        return EXIT_UNEXPECTED


def _end_before_serving(_number: int, _frame: object) -> NoReturn:
    """The first process of a container ignores SIGTERM unless it has a handler."""
    log.info("stopped before serving")
    os._exit(EXIT_OK)


def _serve() -> int:
    settings = Settings.from_environment()
    settings.limit_threads()
    keep_freed_memory()
    algorithm = Algorithm.load()
    with seldom_collected():
        from framework.serving.model import ServedModel
        from framework.serving.server import Server

    load = partial(ServedModel.load, algorithm, Layout.from_environment().model)
    return Server(settings, load).serve()
