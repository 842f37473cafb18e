"""The check of sample replies: a new form of the server's replies is meant, and reviewed."""

from framework.testing.outcome import Failed
from framework.testing.replies import SampleReplies, ask, changes, record
from framework.testing.rows import JSON
from framework.testing.runs import message_of
from framework.testing.session import Session

ADVICE = (
    "Where clients are to see that, `python -m local_test replies` updates the file; else let the "
    "Predictor answer as before."
)


def sample_replies(session: Session) -> str:
    """Replies have the form of the sample replies that algorithm.toml names."""
    path = session.subject.replies
    if path is None:
        return "No sample replies belong to this job ([sample] replies), so none can differ."
    declared = SampleReplies.read(path)
    client = session.usable_server.client
    answered = record(client, declared.request)
    if declared.replies and not answered.replies:
        refused = ask(client, declared.request, [JSON])[JSON]
        raise Failed(
            f"The request of {path.name} is refused with {refused.status}: "
            f"{message_of(refused)} {ADVICE}"
        )
    if change := next(changes(declared, answered), ""):
        raise Failed(f"Replies have another form than in {path.name}: {change}. {ADVICE}")
    return f"Replies have the form of {path.name} in {', '.join(answered.replies)}."
