"""manifest.json: what a model artifact says about itself.

The training job writes it beside the model, the proof adds the golden answers, and the
server reads from it what requests look like.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from framework.errors import ArtifactError
from framework.schema import InputSchema, SampleRequest

MANIFEST_FILE = "manifest.json"


class DataVersion(BaseModel):
    """The data of one channel.

    Attributes:
        files: how many.
        bytes: their total size.
        fingerprint: SHA-256 over names, sizes, and first and last blocks.
    """

    files: int
    bytes: int
    fingerprint: str


class GoldenAnswers(BaseModel):
    """What the model answered to the sample request when it was proven.

    Attributes:
        values: one answer per row, before encoding.
        dtype: the answers' type as numpy says it.
        tolerance: relative difference that still counts as equal; 0 is exact.
    """

    values: list[Any]
    dtype: str
    tolerance: float


class Manifest(BaseModel):
    """What is known about a model artifact."""

    framework: str
    python: str
    packages: dict[str, str]
    code: dict[str, str]
    image_digest: str | None = None
    commit: str | None = None
    training_job: str
    hyperparameters: dict[str, Any]
    metrics: dict[str, float | None] = {}
    data: dict[str, DataVersion] = {}
    input: InputSchema | None = None
    statistics: dict[str, Any] = {}
    sample: SampleRequest | None = None
    golden: GoldenAnswers | None = None

    @classmethod
    def read(cls, model_dir: Path) -> "Manifest | None":
        """The manifest in ``model_dir``, None when the artifact has none.

        Raises:
            ArtifactError: there is one, but it cannot be read.
        """
        path = model_dir / MANIFEST_FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise ArtifactError(
                f"{path} is damaged or of another framework version: {where}: {first['msg']}. "
                "Train again, or serve the model with the image that trained it."
            ) from None

    def write(self, model_dir: Path) -> None:
        """Write the manifest into ``model_dir``, replacing an older one in one step."""
        path = model_dir / MANIFEST_FILE
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        os.replace(unfinished, path)
