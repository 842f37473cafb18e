"""The in-image program: python -m framework COMMAND, one of COMMANDS below.

Each command imports its own side only, so that serving never loads training and
the other way round.
"""

import importlib
import sys
import traceback

from framework.errors import (
    EXIT_INTERRUPTED,
    EXIT_KNOWN,
    EXIT_OK,
    EXIT_UNEXPECTED,
    EXIT_USAGE,
    FrameworkError,
)
from framework.garbage import leave, seldom_collected

COMMANDS = {
    "train": ("framework.training.program", "train a model as a SageMaker training job does"),
    "serve": ("framework.serving.program", "answer /ping and /invocations"),
    "check": ("framework.testing.program", "prove that the algorithm keeps the contract"),
    "prove": ("framework.testing.proof", "serve a model, ask its sample, and print what was seen"),
    "monitor": ("framework.monitoring.program", "compare live requests with the training data"),
    "evaluate": ("framework.evaluation.program", "judge data before training, or a model after"),
    "describe": ("framework.inspection.program", "print what the algorithm is, as JSON"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code (framework.errors lists them)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command, options = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("-h", "--help"):
        print(_usage())
        return EXIT_OK
    if command not in COMMANDS:
        print(_usage(), file=sys.stderr)
        return EXIT_USAGE
    with seldom_collected():
        program = importlib.import_module(COMMANDS[command][0])
    try:
        return program.main(options)
    except FrameworkError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_KNOWN
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception:
        traceback.print_exc()
        return EXIT_UNEXPECTED


def _usage() -> str:
    commands = "\n".join(f"  {name:10}{purpose}" for name, (_, purpose) in COMMANDS.items())
    return f"usage: python -m framework COMMAND [options]\n\n{commands}"


if __name__ == "__main__":
    leave(main())
