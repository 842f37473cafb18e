"""The `describe` command."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from framework.algorithm import Algorithm
from framework.errors import EXIT_OK
from framework.inspection.description import describe


def main(options: Sequence[str]) -> int:
    """Print the description of the algorithm in ALGORITHM_DIR as JSON; warnings go to stderr."""
    argparse.ArgumentParser(
        prog="python -m framework describe",
        description="Print what the algorithm in ALGORITHM_DIR is, as JSON: hyperparameters, "
        "tuning ranges, metrics, channels, and code and packages by side (docs/contract.md).",
    ).parse_args(options)
    with redirect_stdout(sys.stderr):  # what the user's module prints at import is no JSON
        description = describe(Algorithm.load())
    print(json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False))
    for warning in description["warnings"]:
        print(f"describe: {warning}", file=sys.stderr)
    return EXIT_OK
