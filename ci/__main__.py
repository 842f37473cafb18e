"""python -m ci deploy | back | point | run | history | status | destroy"""

import argparse
import sys
import traceback
from pathlib import Path

from ci.commands import deploy, destroy, history, point, run, status
from ci.errors import EXIT_INTERRUPTED, EXIT_KNOWN, EXIT_UNEXPECTED, CiError


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets ``run(options) -> exit code``."""
    main = argparse.ArgumentParser(
        prog="python -m ci",
        description="The road to AWS. AWS_ENDPOINT_URL leads it to `python -m local_test aws up`.",
    )
    commands = main.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, entry: object, purpose: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=purpose, description=purpose)
        made.set_defaults(run=entry)
        made.add_argument(
            "environment", help="a name in ci/environments, or the path of such a file"
        )
        return made

    command("deploy", deploy.run, "bring the stacks to what this commit says")
    back = command("back", deploy.back, "return one stack to an earlier deployment")
    back.add_argument("stack", choices=["foundation", "retraining", "monitoring"])
    back.add_argument("--to", metavar="HASH", help="default: the one before")
    pointed = command("point", point.run, "choose the image that the next run trains with")
    pointed.add_argument("image", help="its URI, by digest")
    pointed.add_argument(
        "--description",
        type=Path,
        metavar="FILE",
        help="what `docker run IMAGE describe` printed; tuning needs it",
    )
    started = command("run", run.run, "start a retraining run and follow it")
    started.add_argument("--name", help="of the execution; default: a unique one")
    started.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="for example hyperparameters.rounds=30 or tune=true; may be repeated",
    )
    past = command("history", history.run, "the releases, and what they were made of")
    past.add_argument("--again", metavar="RUN", help="make one again from the same things")
    past.add_argument("--json", action="store_true", help="print everything as JSON")
    command("status", status.run, "the stacks, the endpoint and the newest runs")
    gone = command("destroy", destroy.run, "remove everything of an environment")
    gone.add_argument("--yes", metavar="NAME", help="the environment's name, to be sure")
    gone.add_argument("--with-data", action="store_true", help="the artifact bucket, too")
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1, 2, 3 or 130."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except CiError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_KNOWN
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception:
        traceback.print_exc()
        return EXIT_UNEXPECTED


if __name__ == "__main__":
    sys.exit(main())
