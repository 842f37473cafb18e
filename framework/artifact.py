"""model.tar.gz → a model directory."""

import tarfile
from pathlib import Path, PurePosixPath

from framework.errors import ArtifactError


def unpack_artifact(archive: Path, directory: Path) -> None:
    """Unpack a model.tar.gz as hosting does: regular files and directories only.

    Raises:
        ArtifactError: it holds links or devices, or names outside of ``directory``.
        tarfile.TarError, EOFError, OSError: it is damaged.
    """
    with tarfile.open(archive, "r:gz") as tar:
        odd = [member.name for member in tar if not _is_plain(member)]
        if odd:
            raise ArtifactError(
                f"{archive} holds links or devices, or names that lead out of it "
                f"({', '.join(odd[:3])}), which hosting refuses. Pack the files themselves."
            )
        # The Python of Debian 12 has no filters yet; the check above is enough there.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(directory)  # noqa: S202


def _is_plain(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    inside = not path.is_absolute() and ".." not in path.parts
    return inside and (member.isfile() or member.isdir())
