"""How a listening socket ends without losing whom the kernel has accepted already."""

import contextlib
import ctypes
import select
import socket
import struct
from typing import Any

SO_ATTACH_FILTER = 26  # Linux; Python's socket module does not name it
HANDSHAKE_SECONDS = 0.2
DROP_SYN = (  # a classic BPF program on the TCP header: (code, jump if true, if false, operand)
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # then drop
    (0x06, 0, 0, 0xFFFFFFFF),  # else keep
)


def refuse_new_connections(listener: Any) -> None:
    """Let the kernel drop what asks for a connection from now on, in every process.

    Closing a listening socket resets the connections that it accepted and nobody took; so
    first nothing new may come in, then what is there is taken, then it can be closed. Handshakes
    that have begun go on, for their clients count them as accepted. Without the filter, which some
    sandboxes refuse, a race of microseconds remains.
    """
    instructions = b"".join(struct.pack("HBBI", *line) for line in DROP_SYN)
    code = ctypes.create_string_buffer(instructions)
    program = struct.pack("HL", len(DROP_SYN), ctypes.addressof(code))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def arriving(listener: Any) -> bool:
    """Whether a handshake that has begun ends soon, so that there is a connection to take."""
    return bool(select.select([listener], [], [], HANDSHAKE_SECONDS)[0])
