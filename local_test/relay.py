"""Hands every connection on to another host: how a server cut off in an engine elsewhere is asked.

Run inside a container, by the text of this file: python -c TEXT HOST PORT.
"""

import asyncio
import sys
from contextlib import suppress


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
        target.write_eof()


async def relay(host: str, port: int) -> None:
    """Listen on the same port, for ever."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(host, port)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
            back.close()
        writer.close()

    server = await asyncio.start_server(hand_on, "0.0.0.0", port)  # noqa: S104
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(relay(sys.argv[1], int(sys.argv[2])))
