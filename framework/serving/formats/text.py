"""Bytes → text, by the charset of the content type."""

from collections.abc import Mapping

from framework.errors import RequestError

CHARSETS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso8859-1",
    "latin-1": "iso8859-1",
    "latin1": "iso8859-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}


def text_of(body: bytes, parameters: Mapping[str, str]) -> str:
    """The body as text without a byte order mark.

    Raises:
        RequestError: 415 for a charset that is not in CHARSETS, 400 for bytes that are not in it.
    """
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        known = ", ".join(CHARSETS)
        raise RequestError(415, f"The charset '{charset:.40}' is not supported. Known: {known}.")
    try:
        return body.decode(CHARSETS[charset])
    except UnicodeDecodeError as error:
        raise RequestError(
            400, f"The body is not {charset}: byte {error.start + 1} of {len(body)} does not fit."
        ) from None
