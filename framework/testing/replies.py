"""Sample replies: what the served sample answers, in a file that is reviewed like code."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError

from framework.errors import ConfigurationError
from framework.schema import SampleRequest
from framework.testing.client import Client, Reply
from framework.testing.forms import form_difference
from framework.testing.rows import CSV, JSON, JSON_LINES

RECORDED = (JSON, CSV, JSON_LINES)
# Errors carry the request's id, so a fixed one lets two replies be compared.
NAMED = {"X-Amzn-SageMaker-Inference-Id": "sample"}


class SampleReplies(BaseModel):
    """A request and what the server answered to it.

    Attributes:
        replies: accept type → the body; types that the server refuses are left out.
    """

    request: SampleRequest
    replies: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "SampleReplies":
        """The content of a file that ``[sample] replies`` names.

        Raises:
            ConfigurationError: there is no such file, or it holds something else.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise ConfigurationError(
                f"There is no {path.name}, which [sample] replies in algorithm.toml names. "
                "`python -m local_test replies` makes it."
            ) from None
        except ValidationError as error:
            raise ConfigurationError(
                f"{path.name} holds no sample replies: {error.errors()[0]['msg']}. "
                "Remove it, and let `python -m local_test replies` make it again."
            ) from None

    def write(self, path: Path) -> None:
        """Write the file, readable for whoever reviews it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def ask(client: Client, request: SampleRequest, accepts: Iterable[str]) -> dict[str, Reply]:
    """The server's reply to the request for each accept type.

    Raises:
        OSError: no full answer came.
    """
    body = request.body.encode()
    return {accept: client.invoke(body, request.content_type, accept, NAMED) for accept in accepts}


def record(client: Client, request: SampleRequest) -> SampleReplies:
    """The request with all that the server answers to it in text.

    Raises:
        OSError: no full answer came.
    """
    replies = ask(client, request, RECORDED)
    texts = {accept: text_of(reply) for accept, reply in replies.items() if reply.status == 200}
    written = {accept: text for accept, text in texts.items() if text is not None}
    return SampleReplies(request=request, replies=written)


def changes(before: SampleReplies, now: SampleReplies) -> Iterator[str]:
    """What clients would notice, each in a sentence without its full stop."""
    for accept in _beside(before, now):
        yield f"{accept} is answered no more"
    for accept in _beside(now, before):
        yield f"{accept} is answered now"
    for accept, text in before.replies.items():
        if found := form_difference(accept, text, now.replies.get(accept, text)):
            yield f"{accept}: {found}"


def _beside(one: SampleReplies, other: SampleReplies) -> list[str]:
    return [accept for accept in one.replies if accept not in other.replies]


def text_of(reply: Reply) -> str | None:
    """The body as text, None for one that is no text."""
    try:
        return reply.body.decode()
    except UnicodeDecodeError:
        return None
