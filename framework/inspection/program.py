"""The `describe` command."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import EXIT_OK
from framework.inspection.description import describe, describe_source


def main(options: Sequence[str]) -> int:
    """Print the description of the algorithm in ALGORITHM_DIR as JSON; warnings go to stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m framework describe",
        description="Print what the algorithm in ALGORITHM_DIR is, as JSON: hyperparameters, "
        "tuning ranges, metrics, channels, and code and packages by side (docs/contract.md).",
    )
    parser.add_argument(
        "--source",
        action="store_true",
        help="only code and packages by side, without importing anything; the versions are those "
        "that requirements.txt of the algorithm and of the framework pin, whatever is installed",
    )
    description = _described(parser.parse_args(options).source)
    print(json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False))
    for warning in description["warnings"]:
        print(f"describe: {warning}", file=sys.stderr)
    return EXIT_OK


def _described(source: bool) -> dict[str, Any]:
    algorithm = Algorithm.load()
    if source:
        return describe_source(algorithm)
    with redirect_stdout(sys.stderr):  # what the user's module prints at import is no JSON
        return describe(algorithm)
