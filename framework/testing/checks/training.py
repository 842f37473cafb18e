"""Checks of `train`: what it takes, what it leaves, how it ends."""

import time
from pathlib import Path

from framework.difference import difference
from framework.testing.answers import tolerance_of
from framework.testing.client import NotServing
from framework.testing.outcome import Failed, NotChecked, Warned
from framework.testing.runs import RunningTraining, Training
from framework.testing.session import Session
from framework.testing.staging import JobDescription

FAILURE_CHARACTERS = 1024
STOP_MARGIN = 5


def trains(session: Session) -> str:
    """The sample job ends with exit code 0, a model and no failure file."""
    first = session.first
    if first.exit_code != 0:
        raise Failed(
            f"Training ended with exit code {first.exit_code}: {first.reason} Repair what this "
            "names, or the sample ([sample] in algorithm.toml, --channel, --hyperparameter)."
        )
    if not any(first.layout.model.iterdir()):
        raise Failed(
            "Training ended with exit code 0, but left nothing in model/. Return the model from "
            "train, or write it to job.model_dir in Trainer.save."
        )
    if first.failure:
        raise Failed(
            f"Training ended with exit code 0, but left output/failure: {first.reason} "
            "Write that file only when training fails."
        )
    return f"The sample job trained in {first.seconds:.1f} s."


def hyperparameters(session: Session) -> str:
    """Raw (Step Functions) and JSON-quoted (SDK) values give the same hyperparameters."""
    advice = (
        "Declare each as a typed field of the Trainer and read it from self: the framework turns "
        "every spelling into that type."
    )
    if not session.first.has_model and session.subject.hyperparameters:
        without = session.train({})
        if without.has_model:
            raise Failed(
                f"Training fails with the sample's hyperparameters, which are sent as strings, "
                f"and succeeds without: {session.first.reason} {advice}"
            )
    first = session.manifest.hyperparameters
    sent = {name: value for name, value in first.items() if value is not None}
    if not sent:
        return "The algorithm has no hyperparameters."
    for spelling, example in (("raw", "0.1"), ("quoted", '"0.1"')):
        training = session.respelled(spelling)
        how = f"hyperparameters sent {spelling}, like {example}"
        if not training.has_model:
            raise Failed(f"With {how}, training failed: {training.reason} {advice}")
        read = training.manifest.hyperparameters if training.manifest else {}
        for name, value in first.items():
            if read.get(name) != value:
                became = f"'{name}' became {read.get(name)!r}, not {value!r}"
                raise Failed(f"With {how}, {became}. {advice}")
    return f"{len(sent)} hyperparameters were understood raw and JSON-quoted alike."


def same_seed(session: Session) -> str:
    """Two trainings with the same hyperparameters and data give the same answers."""
    rows = session.many_rows
    again = session.respelled("raw")
    if not again.has_model:
        raise NotChecked(f"It needs a second training, which failed: {again.reason}")
    expected = session.usable_server.answers(rows)
    try:
        server = session.serve_model(again)
    except NotServing as error:
        raise NotChecked(f"It needs a server of the second model, but {error}.") from None
    try:
        found = difference(expected, server.answers(rows), tolerance_of(session.manifest))
    finally:
        server.run.kill()
    if found:
        raise Failed(
            f"Two trainings with the same hyperparameters and data answer differently ({found}). "
            "Give every random generator a seed (random_state=…), and do not seed from the clock."
        )
    return f"Two trainings gave the same answers to {len(rows)} rows."


def writes(session: Session) -> str:
    """Training writes to model, output, checkpoints and /tmp only."""
    training = session.first
    outside = [path for path in training.changes if not path.endswith(".pyc")]
    outside += training.audit.writes_outside("model", "output", "checkpoints", "input")
    if outside:
        raise Failed(
            f"Training wrote {_listed(outside)}. Only job.model_dir, job.output_data_dir, "
            "job.checkpoints and /tmp are kept or writable on SageMaker: write there."
        )
    return "Training wrote to model, output, checkpoints and /tmp only."


def channels_unchanged(session: Session) -> str:
    """Training leaves its channels and configuration as they are."""
    if session.first.input_changes:
        raise Failed(
            f"Training changed its input: {_listed(session.first.input_changes)}. Channels are "
            "read-only in FastFile mode and shared between retries: write to /tmp instead."
        )
    return "Every file below input/ is as it was."


def failure_file(session: Session) -> str:
    """A job that cannot succeed ends with a non-zero exit code and output/failure."""
    jobs = _hopeless_jobs(session)
    running = {problem: session.start_training(job) for problem, (job, _) in jobs.items()}
    ended = {problem: training.finish() for problem, training in running.items()}
    for problem, training in ended.items():
        _must_fail_well(problem, training, must_fail=jobs[problem][1])
    failed = [problem for problem, training in ended.items() if training.exit_code != 0]
    return f"It failed with a reason in output/failure on {', '.join(failed)}."


def stop(session: Session) -> str:
    """SIGTERM during training is obeyed within the stop limit."""
    limit = session.subject.stop_seconds
    job = JobDescription(session.subject.channels, session.subject.hyperparameters)
    running = session.start_training(job, {"TRAINING_STOP_SECONDS": f"{limit:g}"})
    began = _wait_until_data_is_read(running)
    if running.run.exit_code is not None:
        training = running.finish()
        if training.exit_code != 0:
            raise NotChecked(f"It needs a training that succeeds: {training.reason}")
        return f"Training was over in {training.seconds:.1f} s, before it could be stopped."
    running.run.terminate()
    signalled = time.monotonic()
    advice = (
        "Ask job.should_stop in every step of the training loop and return the best model so "
        "far; do not replace the handler of SIGTERM."
    )
    try:
        training = running.finish(limit + STOP_MARGIN)
    except TimeoutError:
        running.run.kill()
        raise Failed(f"Training still ran {limit:g} s after SIGTERM. {advice}") from None
    took = time.monotonic() - signalled
    if training.exit_code < 0 or (training.exit_code != 0 and not training.failure):
        raise Failed(
            f"SIGTERM ended training with exit code {training.exit_code} and no output/failure. "
            f"{advice}"
        )
    if training.failure.startswith("ModelRejected"):
        return f"{took:.1f} s after SIGTERM training had ended by itself: {training.reason}"
    if training.exit_code != 0:
        raise Failed(f"{took:.1f} s after SIGTERM training had failed: {training.reason} {advice}")
    return f"SIGTERM came {began:.1f} s after the start; {took:.1f} s later the model was saved."


def modules_apart(session: Session) -> str:
    """Trainer and predictor live in modules of their own."""
    classes = session.description
    trainer, predictor = classes.get("trainer") or "", classes.get("predictor") or ""
    if not trainer:
        return "The algorithm has no trainer, so every change is serving-only."
    if trainer.partition(":")[0] == predictor.partition(":")[0]:
        raise Warned(
            f"Trainer and predictor share the module '{trainer.partition(':')[0]}', so no change "
            "is serving-only and each one waits for a training. Put each into a module of its "
            "own, and what both need into a third."
        )
    return f"The trainer is {trainer}, the predictor is {predictor}."


def _hopeless_jobs(session: Session) -> dict[str, tuple[JobDescription, bool]]:
    """What is wrong → the job, and whether it must fail (else it only must not fail badly)."""
    channels = dict(session.subject.channels)
    sample = session.subject.hyperparameters
    unknown = {**sample, "no_such_hyperparameter": "1"}
    jobs = {"an unknown hyperparameter": (JobDescription(channels, unknown), True)}
    declared = session.description.get("training_channels", [])
    required = {channel["Name"] for channel in declared if channel["IsRequired"]}
    for name in [name for name in channels if name in (required or _read(session.first))][:1]:
        without = {other: path for other, path in channels.items() if other != name}
        empty, garbage = session.new_base(), _garbled(channels[name], session.new_base())
        jobs[f"a missing channel '{name}'"] = (JobDescription(without, sample), bool(required))
        for what, data in (("an empty channel", empty), ("garbage in the channel", garbage)):
            jobs[f"{what} '{name}'"] = (JobDescription({**without, name: data}, sample), False)
    return jobs


def _read(training: Training) -> set[str]:
    """Names of the channels from which a training job opened a file."""
    data = training.audit.inside / "input" / "data"
    opened = (Path(path) for path in training.audit.reads_below("input/data"))
    return {path.relative_to(data).parts[0] for path in opened}


def _garbled(channel: Path, target: Path) -> Path:
    """The channel's files under their own names, with bytes in them that mean nothing."""
    for path in (path for path in channel.rglob("*") if path.is_file()):
        copy = target / path.relative_to(channel)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(bytes(range(256)) * 4)
    return target


def _must_fail_well(problem: str, training: Training, must_fail: bool) -> None:
    if training.exit_code == 0:
        if must_fail:
            raise Failed(
                f"Training succeeded on {problem}. A job that ignores what its caller meant is "
                "found too late: refuse it."
            )
        return
    lines = training.failure.strip().splitlines()
    if not lines:
        raise Failed(
            f"On {problem}, training ended with exit code {training.exit_code}, but there is no "
            "text in output/failure, so SageMaker shows no reason. Raise an exception and leave "
            "that file and the parent process to the framework."
        )
    if len(lines[0]) > FAILURE_CHARACTERS:
        raise Failed(
            f"On {problem}, the first line of output/failure has {len(lines[0])} characters; "
            f"SageMaker shows {FAILURE_CHARACTERS}. Say the cause first, in one short line."
        )


def _wait_until_data_is_read(running: RunningTraining) -> float:
    """Return once training opened a file of a channel (seconds since its start), or has ended."""
    while running.run.exit_code is None and not running.audit.reads_below("input/data"):
        time.sleep(0.02)
        if not running.audit.heard and time.monotonic() - running.started > STOP_MARGIN:
            break
    return time.monotonic() - running.started


def _listed(paths: list[str]) -> str:
    more = len(paths) - 3
    return ", ".join(paths[:3]) + (f" and {more} more" if more > 0 else "")
