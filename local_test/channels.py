"""Input channels: where their data is, and which host sees which files."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_test.errors import BenchError


@dataclass(frozen=True)
class Channel:
    """One input channel.

    Attributes:
        path: a file or a directory on this machine.
        sharded: ShardedByS3Key: each host sees its share of the files only.
    """

    name: str
    path: Path
    content_type: str = ""
    sharded: bool = False


def parse_channel(argument: str, sharded: Sequence[str], content_type: str) -> Channel:
    """Read NAME=PATH from the command line.

    Raises:
        BenchError: it has another form, or there is nothing at PATH.
    """
    name, equals, path = argument.partition("=")
    if not (name and equals and path):
        raise BenchError(f"--channel {argument}: write NAME=PATH, for example train=data/train.")
    if not Path(path).exists():
        raise BenchError(f"--channel {argument}: there is no file or directory {path}.")
    return Channel(name, Path(path).resolve(), content_type, name in sharded)


def share_of(channel: Channel, host: str, hosts: Sequence[str], shares: Path) -> Path:
    """The path that ``host`` downloads: all of the channel, or a directory with its share."""
    if not channel.sharded or channel.path.is_file():
        return channel.path
    files = sorted(path for path in channel.path.rglob("*") if path.is_file())
    share = shares / channel.name
    share.mkdir(parents=True, exist_ok=True)
    for path in files[list(hosts).index(host) :: len(hosts)]:
        link = share / path.relative_to(channel.path)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(path.resolve(), link)
    return share
