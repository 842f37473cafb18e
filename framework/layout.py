"""Where SageMaker puts things: the directory tree under /opt/ml.

Source: docs/contract.md, "Paths". Nothing here touches the file system.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths of the container contract, all below one base directory."""

    base: Path

    @classmethod
    def from_environment(cls) -> "Layout":
        """The tree below SAGEMAKER_BASE_DIR, /opt/ml unless set."""
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")))

    @property
    def config(self) -> Path:
        return self.base / "input" / "config"

    @property
    def data(self) -> Path:
        return self.base / "input" / "data"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.output / "data"

    @property
    def failure(self) -> Path:
        return self.output / "failure"

    @property
    def checkpoints(self) -> Path:
        """The default; checkpointconfig.json may name another path."""
        return self.base / "checkpoints"
