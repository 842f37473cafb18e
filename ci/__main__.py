"""python -m ci new | plan | base | build | publish | deploy | release | rollback | run | …"""

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from ci.commands import (
    comment,
    deploy,
    destroy,
    doctor,
    history,
    image,
    merge,
    new,
    plan,
    point,
    release,
    rollback,
    run,
    status,
    upload,
)
from ci.errors import EXIT_INTERRUPTED, EXIT_KNOWN, EXIT_UNEXPECTED, CiError

Add = Callable[..., argparse.ArgumentParser]


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
        return made

    def of_environment(name: str, entry: object, purpose: str) -> argparse.ArgumentParser:
        made = command(name, entry, purpose)
        made.add_argument(
            "environment", help="a name in ci/environments, or the path of such a file"
        )
        return made

    _add_pushes(command, of_environment)
    _add_runs(of_environment)
    _add_stacks(of_environment)
    return main


def _add_pushes(command: Add, of_environment: Add) -> None:
    """From a commit to the endpoint, and back."""
    made = command("new", new.run, "make an algorithm's repository; nothing is overwritten")
    made.add_argument("directory", type=Path, help="new or empty; its name is the project's")
    made.add_argument("--base", metavar="IMAGE", help="that its image starts from")
    made.add_argument("--image", metavar="IMAGE", help="that its pipeline's jobs run in")
    made.add_argument("--template-project", metavar="PATH", help="of the framework, in GitLab")
    made.add_argument("--template-ref", default="main", metavar="REF", help="default: main")
    planned = of_environment("plan", plan.run, "say what this commit means, and why")
    _of_commit(planned)
    planned.add_argument("--json", action="store_true", help="print it as JSON")
    planned.add_argument("--output", type=Path, metavar="FILE", help="write it as JSON, too")
    planned.add_argument("--markdown", type=Path, metavar="FILE", help="write it for a reviewer")
    shown = command("comment", comment.run, "show plans in the merge request")
    shown.add_argument("files", nargs="+", type=Path, help="written by `plan --markdown`")
    of_environment(
        "merge", merge.run, "merge a tested merge request, where the environment says so"
    )
    newest = command("base", image.base, "pull the base image, and print BASE_IMAGE by digest")
    newest.add_argument("--commit", default="HEAD", help="default: HEAD")
    built = command("build", image.build, "build the image of this commit, if a plan wants one")
    built.add_argument("environments", nargs="+", help="any that may want it")
    _of_commit(built)
    checked = command("check", image.check, "prove that the built image keeps the contract")
    checked.add_argument("--only", action="append", default=[], metavar="NAME", help="repeatable")
    checked.add_argument("--junit", type=Path, metavar="FILE", help="write the checks for GitLab")
    _of_commit(checked)
    published = of_environment("publish", image.publish, "push that image to ECR")
    _of_commit(published)
    published.add_argument("--from", dest="origin", help="the environment that has it already")
    published.add_argument("--image", default="", help="one that is in ECR already, by digest")
    published.add_argument(
        "--description", type=Path, metavar="FILE", help="with --image: what its `describe` printed"
    )
    made = of_environment("release", release.run, "do what the plan says")
    _of_commit(made)
    made.add_argument("--image", default="", help="by digest; default: the published one")
    undone = of_environment("rollback", rollback.run, "go back to an earlier release")
    undone.add_argument("--to", metavar="RELEASE", help="or run, or commit; default: the last good")


def _add_runs(of_environment: Add) -> None:
    """The retraining loop."""
    pointed = of_environment("point", point.run, "choose the image that the next run trains with")
    pointed.add_argument("image", help="its URI, by digest")
    pointed.add_argument(
        "--description",
        type=Path,
        metavar="FILE",
        help="what `docker run IMAGE describe` printed; tuning needs it",
    )
    started = of_environment("run", run.run, "start a retraining run and follow it")
    started.add_argument("--name", help="of the execution; default: a unique one")
    started.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="for example hyperparameters.rounds=30 or tune=true; may be repeated",
    )
    started.add_argument("--json", action="store_true", help="print all of its output as JSON")
    past = of_environment("history", history.run, "the releases, and what they were made of")
    past.add_argument("--again", metavar="RUN", help="make one again from the same things")
    past.add_argument("--json", action="store_true", help="print everything as JSON")


def _add_stacks(of_environment: Add) -> None:
    """What lives longer than any release."""
    deployed = of_environment("deploy", deploy.run, "bring the stacks to what this commit says")
    deployed.add_argument("--dry-run", action="store_true", help="say what it would change")
    deployed.add_argument("--json", action="store_true", help="with --dry-run: as JSON")
    deployed.add_argument(
        "--markdown", type=Path, metavar="FILE", help="with --dry-run: write it for a reviewer"
    )
    back = of_environment("back", deploy.back, "return one stack to an earlier deployment")
    back.add_argument("stack", choices=["foundation", "retraining", "monitoring"])
    back.add_argument("--to", metavar="HASH", help="default: the one before")
    shown = of_environment("status", status.run, "what there is, of which commit, and its drift")
    shown.add_argument("--json", action="store_true", help="print it as JSON")
    seen = of_environment("doctor", doctor.run, "whether the account is ready, and how to mend it")
    seen.add_argument("--json", action="store_true", help="print it as JSON")
    uploaded = of_environment("upload", upload.run, "put channels where runs look for them")
    uploaded.add_argument("directory", type=Path, help="with a folder of each channel's name")
    gone = of_environment("destroy", destroy.run, "remove everything of an environment")
    gone.add_argument("--yes", metavar="NAME", help="the environment's name, to be sure")
    gone.add_argument(
        "--with-data", action="store_true", help="the artifact bucket and all images, too"
    )


def _of_commit(made: argparse.ArgumentParser) -> None:
    made.add_argument("--commit", default="HEAD", help="default: HEAD")
    made.add_argument(
        "--algorithm",
        default="container",
        metavar="DIRECTORY",
        help="of the algorithm, in the repository; default: container",
    )
    made.add_argument(
        "--override",
        default=os.environ.get("CI_OVERRIDE", ""),
        choices=["", "release", "train", "nothing"],
        help="decide otherwise than the rule; the lineage says so, and the proof must still pass",
    )


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
    gc.set_threshold(100_000)  # boto3 is large, and every look for garbage goes through it
    code = main()
    gc.freeze()  # the last look would take 0.2 s
    sys.exit(code)
