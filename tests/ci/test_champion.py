"""A champion of another time is judged in its own image, with its own libraries."""

import json
import pickle
import subprocess
import tarfile
from pathlib import Path

import pytest

from local_test.aws.images import Environment
from local_test.aws.server import LocalAws
from tests.ci.environment_of_shop import PROJECT, Shop

ORCHARD = Path(__file__).parent / "orchard"
OLDER = PROJECT / ".venv" / "older-sklearn"


@pytest.fixture(scope="module")
def older_python() -> Path:
    """An interpreter with scikit-learn 1.2 before everything that the project has installed."""
    subprocess.run(["make", "older-sklearn"], cwd=PROJECT, check=True, capture_output=True)
    (packages,) = OLDER.glob("lib/python*/site-packages")
    (current,) = (PROJECT / ".venv").glob("lib/python*/site-packages")
    (packages / "current.pth").write_text(str(current))
    return OLDER / "bin" / "python"


def test_a_champion_trained_with_an_older_scikit_learn_is_judged(
    local: LocalAws, older_python: Path, tmp_path: Path
) -> None:
    shop = Shop(local, tmp_path)
    shop.deploy(Environment(ORCHARD, older_python))
    shop.succeeds()
    older = json.loads(shop.ci("history", "--json").stdout)[0]
    assert not can_be_read_today(shop, older["artifact"], tmp_path)

    shop.point(ORCHARD, "v2")
    shop.upload("train", 4000, seed=3)
    shop.succeeds()
    newest = json.loads(shop.ci("history", "--json").stdout)[0]
    judged = newest["evaluation"]["champion"]
    assert judged["value"] == pytest.approx(older["evaluation"]["metric"]["value"])
    assert newest["image"] != older["image"]
    assert shop.live() == newest["release"]


def can_be_read_today(shop: Shop, artifact: str, scratch: Path) -> bool:
    """Whether this interpreter's scikit-learn unpickles the model."""
    bucket, _, key = artifact.removeprefix("s3://").partition("/")
    shop.client("s3").download_file(bucket, key, str(scratch / "model.tar.gz"))
    with tarfile.open(scratch / "model.tar.gz") as archive:
        (scratch / "tree.pickle").write_bytes(archive.extractfile("tree.pickle").read())
    try:
        pickle.loads((scratch / "tree.pickle").read_bytes())
    except ValueError:
        return False
    return True
