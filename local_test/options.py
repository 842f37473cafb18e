"""The command line."""

import argparse
from pathlib import Path

from framework.testing.program import parser as check_parser
from local_test.commands import aws, batch, bench, check, demo, invoke, replies, serve, train
from local_test.endpoint import STARTUP_SECONDS
from local_test.jobs import JOBS_DIRECTORY


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets ``run(options, screen) -> exit code``."""
    main = argparse.ArgumentParser(
        prog="python -m local_test",
        description="Plays SageMaker to an algorithm directory, or to any image that keeps the "
        "contract, on this machine.",
    )
    subcommands = main.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _train(subcommands.add_parser("train", help="run a training job"))
    _serve(subcommands.add_parser("serve", help="keep an endpoint running until Ctrl-C"))
    _invoke(subcommands.add_parser("invoke", help="send one request to the running endpoint"))
    _batch(subcommands.add_parser("batch", help="run a batch transform job"))
    _bench(subcommands.add_parser("bench", help="measure how fast and how much it can answer"))
    _check(
        subcommands.add_parser(
            "check",
            help="prove that the algorithm keeps SageMaker's contract",
            parents=[check_parser()],
            conflict_handler="resolve",
        )
    )
    _replies(subcommands.add_parser("replies", help="write down what the served sample answers"))
    _aws(subcommands.add_parser("aws", help="run an AWS on this machine, and steer it"))
    _demo(subcommands.add_parser("demo", help="train, serve and ask, with held-out data"))
    return main


def _train(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=train.run)
    _algorithm(command)
    _engine(command)
    _jobs(command)
    command.add_argument("--job-name", help="default: the algorithm's name and the time")
    _data(command)
    command.add_argument(
        "--input-mode", choices=["File", "FastFile"], default="File", help="default: File"
    )
    command.add_argument("--hosts", type=_positive, default=1, help="how many: algo-1, algo-2, …")
    command.add_argument(
        "--shard",
        metavar="CHANNEL",
        action="append",
        default=[],
        help="give each host its share of the channel's files (ShardedByS3Key)",
    )
    command.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIRECTORY",
        help="the checkpoint prefix; a later job that names it resumes",
    )
    command.add_argument(
        "--max-runtime",
        type=_seconds,
        metavar="SECONDS",
        help="stop the job after that time: SIGTERM, and SIGKILL 120 s later",
    )
    command.add_argument(
        "--spot-kills", type=_positive, metavar="N", help="interrupt the job N times with SIGKILL"
    )
    command.add_argument(
        "--spot-kill-after",
        type=_seconds,
        action="append",
        metavar="SECONDS",
        help="seconds of training before an interruption; may be repeated (default: random)",
    )


def _serve(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=serve.run)
    _algorithm(command)
    _engine(command)
    _jobs(command)
    _endpoint(command)


def _invoke(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=invoke.run)
    _jobs(command)
    body = command.add_mutually_exclusive_group()
    body.add_argument("--body", help="the request's body")
    body.add_argument("--file", type=Path, help="a file with the body; - is stdin")
    body.add_argument(
        "--sample", action="store_true", help="the sample request in the model (the default)"
    )
    command.add_argument("--content-type", default="application/json", help="of the body")
    command.add_argument("--accept", help="the type that the answer should have")
    command.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only those of the API reach the container; the others are stripped",
    )
    command.add_argument("--url", help="default: the endpoint that `serve` keeps running")
    command.add_argument("--output", type=Path, help="write the answer's body to a file")


def _batch(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=batch.run)
    _algorithm(command)
    _engine(command)
    _jobs(command)
    _endpoint(command)
    command.add_argument("--job-name", help="default: transform and the time")
    command.add_argument(
        "--input", type=Path, required=True, help="an object, or a directory that plays a prefix"
    )
    command.add_argument(
        "--output", type=Path, help="where NAME.out files go (default: the job's directory)"
    )
    command.add_argument("--content-type", default="text/csv", help="default: text/csv")
    command.add_argument("--accept", help="the type that answers should have")
    command.add_argument("--split-type", choices=["None", "Line"], default="None")
    command.add_argument("--strategy", choices=["SingleRecord", "MultiRecord"])
    command.add_argument("--assemble-with", choices=["None", "Line"], default="None")
    command.add_argument("--join-source", choices=["None", "Input"], default="None")
    command.add_argument("--input-filter", default="$", metavar="JSONPATH")
    command.add_argument("--output-filter", default="$", metavar="JSONPATH")
    command.add_argument("--max-payload-mb", type=_whole, metavar="MB", help="0: no limit")
    command.add_argument("--max-concurrent", type=_positive, metavar="N")
    command.add_argument(
        "--timeout", type=_request_seconds, default=600, metavar="SECONDS", help="per request"
    )
    command.add_argument("--retries", type=int, choices=range(4), default=3)


def _bench(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=bench.run)
    _algorithm(command)
    _engine(command)
    _jobs(command)
    _endpoint(command)
    command.add_argument(
        "--file", type=Path, help="a body to ask with (default: rows of the sample)"
    )
    command.add_argument("--content-type", default="application/json", help="of that body")
    command.add_argument(
        "--p99",
        type=_seconds,
        default=100.0,
        metavar="MS",
        help="how long 99 of 100 answers may take, for the capacity (default: 100)",
    )
    command.add_argument(
        "--seconds", type=_seconds, default=3.0, help="of each measurement (default: 3)"
    )


def _check(command: argparse.ArgumentParser) -> None:
    """Beside the options of the image's own `check`."""
    command.set_defaults(run=check.run)
    _algorithm(command)
    _engine(command)
    _jobs(command)


def _replies(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=replies.run, image=None)
    _directory(command)
    _engine(command)
    _jobs(command)


def _aws(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    up = actions.add_parser("up", help="run it until Ctrl-C")
    up.set_defaults(run=aws.up)
    up.add_argument("--port", type=_whole, default=4566, help="default: 4566; 0 takes a free one")
    up.add_argument(
        "--engine",
        choices=["docker", "process"],
        default="process",
        help="what jobs and endpoints run as (default: process)",
    )
    up.add_argument(
        "--speed",
        type=_seconds,
        default=1.0,
        metavar="N",
        help="let waits, schedules and alarms go N times as fast; jobs take what they take",
    )
    _jobs(up)
    image = actions.add_parser("image", help="put an algorithm directory or an image into its ECR")
    image.set_defaults(run=aws.image)
    image.add_argument("source", help="an algorithm directory, or an image of the Docker engine")
    image.add_argument("--python", help="the interpreter that has the algorithm's packages")
    image.add_argument("--repository", required=True)
    image.add_argument("--tag", required=True)
    image.add_argument("--region", default="us-east-1", help="default: us-east-1")
    clock = actions.add_parser("clock", help="move its clock forward")
    clock.set_defaults(run=aws.clock)
    clock.add_argument("advance", type=aws.duration, help="for example 90s, 15m, 24h or 7d")
    empty = actions.add_parser("reset", help="end everything in it, and forget everything")
    empty.set_defaults(run=aws.reset)
    for action in (image, clock, empty):
        _jobs(action)


def _demo(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=demo.run)
    _algorithm(command)
    _engine(command)
    _jobs(command)


def _algorithm(command: argparse.ArgumentParser) -> None:
    _directory(command)
    command.add_argument("--image", help="an image instead of an algorithm directory")


def _directory(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "algorithm",
        nargs="?",
        type=Path,
        default=Path("container"),
        help="a directory with algorithm.toml (default: container)",
    )


def _engine(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine",
        choices=["docker", "process"],
        help="default: docker when an engine answers, else process",
    )
    command.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an environment variable of the container; may be repeated",
    )


def _jobs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--jobs",
        type=Path,
        default=JOBS_DIRECTORY,
        metavar="DIRECTORY",
        help=f"where jobs are kept (default: {JOBS_DIRECTORY})",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--channel",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="an input channel; may be repeated (default: the algorithm's own sample)",
    )
    command.add_argument(
        "--channel-type", default="", metavar="TYPE", help="ContentType of the channels"
    )
    command.add_argument(
        "--hyperparameter",
        "-p",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyperparameter, sent as a string; may be repeated",
    )
    command.add_argument(
        "--quoted",
        action="store_true",
        help="JSON-quote string hyperparameters as the SageMaker SDK does (Step Functions and "
        "boto3 send them raw)",
    )


def _endpoint(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", help="a model.tar.gz or the name of a job (default: the newest job's)"
    )
    command.add_argument(
        "--startup-seconds",
        type=_seconds,
        default=STARTUP_SECONDS,
        metavar="SECONDS",
        help=f"how long /ping may take to say 200 (default: {STARTUP_SECONDS})",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _request_seconds(text: str) -> float:
    seconds = _seconds(text)
    if seconds > 3600:
        raise argparse.ArgumentTypeError("SageMaker allows 3600 at most")
    return seconds


def _seconds(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number
