"""What is in an image, as a CycloneDX document: https://cyclonedx.org/docs/1.5/json/."""

from collections.abc import Iterable, Mapping
from typing import Any


def bill_of_materials(
    image: str, described: Mapping[str, Any], system: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """The document.

    Args:
        image: its URI by digest.
        described: what the image's `describe` printed.
        system: name and version of each Debian package.
    """
    python = {one["name"]: one["version"] for one in described["packages"]}
    python |= described.get("unreached_packages", {})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": image.partition("@")[0]}},
        "components": [
            *(_component("pypi", name, version) for name, version in sorted(python.items())),
            *(_component("deb/debian", name, version) for name, version in sorted(system)),
        ],
    }


def _component(kind: str, name: str, version: str) -> dict[str, str]:
    address = f"pkg:{kind}/{name}@{version}"
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
    }
