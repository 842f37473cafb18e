"""model.tar.gz and output.tar.gz: made as training ends, unpacked as serving starts."""

import filecmp
import gzip
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.testing import FrameworkError, unpack_artifact
from local_test.errors import BenchError


def pack(directories: Mapping[str, Path], archive: Path) -> list[str]:
    """Merge the directories of all hosts into one tar.gz, as SageMaker uploads them.

    Links are left out, because hosting refuses an archive that holds one. The
    bytes depend on the content only, so that equal models make equal archives.

    Args:
        directories: host name → its directory.

    Returns:
        One sentence per link left out and per name that two hosts wrote differently
        (the first host's file is kept; SageMaker promises no order).
    """
    files: dict[str, Path] = {}
    remarks = []
    for host, directory in directories.items():
        for path in sorted(directory.rglob("*")):
            name = path.relative_to(directory).as_posix()
            if path.is_symlink():
                remarks.append(
                    f"{name} on {host} is a symbolic link and was left out of "
                    f"{archive.name}: hosting refuses links. Write the file itself."
                )
            elif path.is_file():
                first = files.setdefault(name, path)
                if first is not path and not filecmp.cmp(first, path, shallow=False):
                    remarks.append(
                        f"Two hosts wrote a different {name}; {archive.name} can hold one. Let "
                        "one host write the model, or put the host's name into the file's name."
                    )
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0, compresslevel=6) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted(files.items()):
            tar.add(path, name, recursive=False, filter=_anonymous)
    return remarks


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a model.tar.gz as hosting does: regular files and directories only.

    Raises:
        BenchError: there is no such archive, it is damaged, or holds what hosting refuses.
    """
    if not archive.is_file():
        raise BenchError(f"There is no {archive}. Train first, or name a model with --model.")
    directory.mkdir(parents=True, exist_ok=True)
    try:
        unpack_artifact(archive, directory)
    except FrameworkError as error:
        raise BenchError(str(error)) from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BenchError(f"{archive} cannot be unpacked: {error}. Make it again.") from None


def sample_request(model_dir: Path) -> tuple[bytes, str] | None:
    """Body and content type of the sample request in the model's manifest.json, if it has one."""
    sample = _manifest(model_dir).get("sample")
    return (sample["body"].encode(), sample["content_type"]) if sample else None


def input_columns(model_dir: Path) -> list[str]:
    """The columns that the model was trained on, as its manifest.json names them."""
    schema = _manifest(model_dir).get("input") or {}
    return [column["name"] for column in schema.get("columns") or []]


def _manifest(model_dir: Path) -> dict[str, Any]:
    try:
        return json.loads((model_dir / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o644
    return member
