"""The proof's measure of speed: a slow image is refused, a slow moment is not."""

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ci import client
from ci.environment import read_environment
from ci.proof import ProofFailed, Proved, Run, prove
from ci.requests import Place
from ci.steps.setting import Setting
from local_test.aws.server import LocalAws

BUCKET = "models"


@pytest.fixture
def setting(local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    """A bucket with a model."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.world.url)
    client.client.cache_clear()
    setting = Setting(read_environment("staging"), Place(BUCKET, "", ""), "", "")
    packed = io.BytesIO()
    tarfile.open(fileobj=packed, mode="w:gz").close()
    s3 = setting.client("s3")
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": setting.environment.region}
    )
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=packed.getvalue())
    yield setting
    s3.delete_object(Bucket=BUCKET, Key="model.tar.gz")
    s3.delete_bucket(Bucket=BUCKET)
    client.client.cache_clear()


def answering(*milliseconds: float) -> Run:
    """An image whose 99 of 100 answers take so long, each time that it is asked."""
    times = iter(milliseconds)

    def run(_: Path) -> tuple[int, str, str]:
        told = {
            "loads": True,
            "golden": {"asked": True, "same": True, "difference": ""},
            "replies": {},
            "seconds": {"p99": next(times) / 1000},
        }
        return 0, json.dumps(told), ""

    return run


def proved(setting: Setting, new: Run, live: Run) -> Proved:
    return prove(setting, f"s3://{BUCKET}/model.tar.gz", new, live, replies_changed=False)


@pytest.mark.parametrize(
    ("new", "live"), [([6], [1]), ([60, 1], [1, 1]), ([60, 60, 60], [1, 30, 40])], ids=str
)
def test_one_measure_in_which_it_is_fast_enough_will_do(
    setting: Setting, new: Sequence[float], live: Sequence[float]
) -> None:
    assert proved(setting, answering(*new), answering(*live)).replies == {}


def test_an_image_that_is_always_slower_is_refused(setting: Setting) -> None:
    with pytest.raises(ProofFailed, match=r"up to 50\.0 ms .+ 1\.0 ms .+; 6\.5 ms are allowed"):
        proved(setting, answering(60, 70, 50), answering(2, 3, 1))
