"""The Lambda function's zip: the same bytes for the same content, named by their hash."""

import hashlib
import io
import zipfile
from pathlib import Path

ROOM = Path(__file__).parent
MODULES = ("__init__", "client", "errors", "handler", "lock")
PACKAGES = ("environment", "requests", "steps")
EPOCH = (1980, 1, 1, 0, 0, 0)


def package(environment_file: Path) -> bytes:
    """A zip of what the function imports, and of the environment file."""
    files = {f"ci/{name}.py": ROOM / f"{name}.py" for name in MODULES}
    for package_name in PACKAGES:
        paths = (ROOM / package_name).glob("*.py")
        files |= {f"ci/{package_name}/{path.name}": path for path in paths}
    files["environment.toml"] = environment_file
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def content_key(content: bytes) -> str:
    """Where a package lies in the artifact bucket."""
    return f"code/{hashlib.sha256(content).hexdigest()[:32]}.zip"
