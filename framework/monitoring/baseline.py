"""The model that is watched, and what it was trained on."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from framework.algorithm import Algorithm
from framework.artifact import unpack_artifact
from framework.errors import ArtifactError, ConfigurationError
from framework.layout import Layout
from framework.manifest import MANIFEST_FILE, Manifest
from framework.monitoring.settings import MonitorSettings
from framework.serving.codec import ServerCodec
from framework.serving.model import ServedModel

ARCHIVE = "model.tar.gz"


@contextmanager
def watched_model(
    settings: MonitorSettings, layout: Layout
) -> Iterator[tuple[ServedModel, Manifest]]:
    """What decodes requests as the endpoint does, and the manifest with the statistics.

    The model is processing/input/model/, unpacked or as model.tar.gz. If the caller only named a
    manifest (baseline_statistics), the model is not loaded, and an own ``decode`` does without it.

    Raises:
        ConfigurationError: there is neither.
        ArtifactError: it cannot be loaded, or has no statistics.
    """
    with tempfile.TemporaryDirectory() as scratch:
        model_dir = _model_dir(layout.base / "processing" / "input" / "model", Path(scratch))
        manifest = _manifest(settings, model_dir)
        algorithm = Algorithm.load()
        if model_dir is not None:
            yield ServedModel.load(algorithm, model_dir), manifest
        else:
            predictor = algorithm.predictor_class()()
            predictor.codec = ServerCodec(manifest.input)
            yield ServedModel(predictor), manifest


def _model_dir(place: Path, scratch: Path) -> Path | None:
    archive = place / ARCHIVE
    if not archive.is_file():
        return place if (place / MANIFEST_FILE).is_file() else None
    try:
        unpack_artifact(archive, scratch)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArtifactError(
            f"{archive} cannot be unpacked ({type(error).__name__}: {error}). "
            "Give the model.tar.gz that the training job wrote."
        ) from None
    return scratch


def _manifest(settings: MonitorSettings, model_dir: Path | None) -> Manifest:
    if settings.baseline is not None:
        directory = settings.baseline
        manifest = Manifest.read(directory if directory.is_dir() else directory.parent)
        where = str(directory)
    elif model_dir is not None:
        manifest, where = Manifest.read(model_dir), "the model"
    else:
        raise ConfigurationError(
            "There is no baseline: neither processing/input/model/model.tar.gz nor the variable "
            "baseline_statistics. Let an input of the processing job bring the model that the "
            "endpoint serves, or its manifest.json."
        )
    if manifest is None or not manifest.statistics:
        raise ArtifactError(
            f"There are no statistics to compare with: {where} has no manifest.json that holds "
            "any. Call job.describe_input(X) in Trainer.train and train again."
        )
    return manifest
