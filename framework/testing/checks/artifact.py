"""Checks of the model artifact: it can be served anywhere, by a process that knows nothing else."""

from framework.difference import difference
from framework.testing.answers import answers_in
from framework.testing.client import NotServing
from framework.testing.engine import OPEN, Isolation
from framework.testing.outcome import Failed, NotChecked
from framework.testing.rows import JSON
from framework.testing.runs import Server, message_of, open_to_all, restore
from framework.testing.session import BARE_SERVER, Session
from framework.testing.staging import JobDescription, stage_serving

OTHER_USER = 10_001
SMALL_MEMORY = 1024 * 1024 * 1024


def loads(session: Session) -> str:
    """A fresh process loads the artifact and answers."""
    if not session.first.has_model and session.first.failure.startswith("ArtifactError"):
        raise Failed(f"There is no artifact to load: {session.first.reason}")
    try:
        _ask_sample(session, session.server)
        return "A fresh process loaded the model and answered."
    except (NotServing, Failed) as alone:
        trouble = _with_training_data(session)
        if trouble:
            raise Failed(
                f"A fresh process cannot serve the model: {_sentence(alone)} Trainer.save must "
                "write all that Predictor.load needs, as data (arrays, text, picklable objects), "
                "not as code that lives in the training process."
            ) from None
        return "A fresh process loaded the model where the training data still was."


def without_training_data(session: Session) -> str:
    """Serving needs nothing of the training job but the model directory."""
    try:
        _ask_sample(session, session.server)
        return "The model was served where no training data is."
    except (NotServing, Failed) as alone:
        trouble = _with_training_data(session)
        if trouble:
            raise NotChecked(f"The model is not served even beside its data: {trouble}") from None
        raise Failed(
            f"The model is served only where the training data is: {_sentence(alone)} An endpoint "
            "has the model directory alone: let Trainer.save write there what the predictor needs."
        ) from None


def without_network(session: Session) -> str:
    """Serving reaches for no other machine."""
    _ask_sample(session, session.usable_server)
    isolates = session.engine.isolates
    isolation = Isolation(network=False) if isolates else OPEN
    try:
        server = session.serve(BARE_SERVER, offline=not isolates, isolation=isolation)
    except NotServing as error:
        raise Failed(f"Without network, {_sentence(error)} {_OFFLINE_ADVICE}") from None
    try:
        _ask_sample(session, server)
    except Failed as error:
        raise Failed(f"Without network, {_sentence(error)} {_OFFLINE_ADVICE}") from None
    finally:
        server.run.kill()
    if not isolates:
        asked = ", ".join(server.audit.hosts())
        seen = f"Python's attempts to reach {asked} were refused" if asked else "Python tried none"
        raise NotChecked(f"Only a container can be kept from the network ({seen}, and it served).")
    return "The model was served without network."


_OFFLINE_ADVICE = (
    "With network isolation an endpoint reaches nothing: put what load and predict fetch into "
    "the model directory when training."
)


def golden(session: Session) -> str:
    """A new server reproduces the golden answers that the training job recorded."""
    manifest = session.manifest
    if manifest.golden is None:
        raise NotChecked("The manifest has no golden answers, which the training job's proof adds.")
    server = session.deployed
    answers = _ask_sample(session, server)
    if not isinstance(answers, list) or len(answers) != len(manifest.golden.values):
        raise NotChecked("The predictor's own encode hides its answers from a comparison.")
    found = difference(manifest.golden.values, answers, manifest.golden.tolerance)
    if found:
        raise Failed(
            f"A new server answers the sample request differently than the training job's proof "
            f"did ({found}). Let predict depend on the model and the rows only: no clock, no "
            "randomness, no order of sets."
        )
    return f"A new server reproduced {len(answers)} golden answers."


def read_only_root(session: Session) -> str:
    """Training and serving work with a read-only root file system."""
    return _isolated(session, Isolation(read_only_root=True), "a read-only root")


def other_user(session: Session) -> str:
    """Training and serving work as a user that the image does not know."""
    return _isolated(session, Isolation(user=OTHER_USER), f"user {OTHER_USER}")


def memory(session: Session) -> str:
    """Training and serving fit into a gigabyte, or say that memory was the cause."""
    _need_isolation(session, "a memory limit")
    job = JobDescription(session.subject.channels, session.subject.hyperparameters)
    limited = Isolation(memory_bytes=SMALL_MEMORY)
    training = session.start_training(job, isolation=limited).finish()
    if training.exit_code != 0 and "memory" not in training.failure.lower():
        raise Failed(
            f"With 1 GB of memory training failed without naming memory: {training.reason} "
            "Leave output/failure to the framework, which knows the limit."
        )
    if training.exit_code != 0:
        return f"The sample job needs more than 1 GB, and says so: {training.reason}"
    return _served(session, limited, "1 GB of memory")


def _isolated(session: Session, isolation: Isolation, words: str) -> str:
    _need_isolation(session, words)
    job = JobDescription(session.subject.channels, session.subject.hyperparameters)
    training = session.start_training(job, isolation=isolation).finish()
    if training.exit_code != 0:
        raise Failed(
            f"With {words}, training failed: {training.reason} Write to job.model_dir, "
            "job.output_data_dir and /tmp only, and let caches live in /tmp."
        )
    return _served(session, isolation, words)


def _served(session: Session, isolation: Isolation, words: str) -> str:
    layout = stage_serving(session.new_base(), session.trained.layout.model)
    if isolation.user is not None:
        open_to_all(layout.base)
    try:
        server = session.serve_staged(layout, BARE_SERVER, isolation=isolation)
        _ask_sample(session, server)
    except (NotServing, Failed) as error:
        raise Failed(
            f"With {words}, {_sentence(error)} Write to /tmp only when serving, and read the "
            "model directory only."
        ) from None
    server.run.kill()
    return f"With {words} it trained and served."


def _need_isolation(session: Session, words: str) -> None:
    if not session.engine.isolates:
        raise NotChecked(f"Only a container can have {words}; this ran as plain processes.")


def _with_training_data(session: Session) -> str:
    """Why the model is not served even where it was trained; empty when it is."""

    def serve_beside_data() -> str:
        layout = restore(session.trained, session.trained.base)
        try:
            server = session.serve_staged(layout, BARE_SERVER)
            _ask_sample(session, server)
        except (NotServing, Failed) as error:
            return _sentence(error)
        server.run.kill()
        return ""

    return session.once("beside data", serve_beside_data)


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."


def _ask_sample(session: Session, server: Server) -> list | None:
    """Answers to the sample request, None when the manifest has none. Raises Failed."""
    manifest = session.trained.manifest
    if manifest is None or manifest.sample is None:
        return None
    body = session.rows.as_json()
    reply = server.client.invoke(body, JSON, accept=JSON)
    if reply.status != 200:
        raise Failed(f"the sample request was refused with {reply.status}: {message_of(reply)}")
    return answers_in(reply)
