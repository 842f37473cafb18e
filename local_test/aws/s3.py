"""Between S3 and this machine's directories."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def objects(s3: Any, uri: str) -> Iterator[str]:
    """The keys that begin with the URI's, in order; folder markers are left out."""
    bucket, prefix = split(uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (i["Key"] for i in page.get("Contents", []) if not i["Key"].endswith("/"))


def download(s3: Any, uri: str, directory: Path) -> int:
    """Copy every object below a prefix, or the one object; return how many there were."""
    bucket, prefix = split(uri)
    count = 0
    for key in objects(s3, uri):
        inside = key.removeprefix(prefix) if prefix.endswith("/") else _below(key, prefix)
        target = directory / (inside.lstrip("/") or Path(key).name)
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(target))
        count += 1
    return count


def upload(s3: Any, directory: Path, uri: str) -> None:
    """Copy every file of a directory below a prefix."""
    bucket, prefix = split(uri)
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        key = f"{prefix.rstrip('/')}/{path.relative_to(directory).as_posix()}".lstrip("/")
        s3.upload_file(str(path), bucket, key)


def _below(key: str, prefix: str) -> str:
    """What follows the last slash that the prefix completes: data/tr → data/train/a is train/a."""
    return (
        key
        if prefix == ""
        else key[len(prefix) :]
        if key[len(prefix) :][:1] == "/"
        else (key.removeprefix(prefix.rpartition("/")[0]))
    )
