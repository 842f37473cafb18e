"""model.tar.gz: what goes in, what is refused, and whose file wins."""

import os
import tarfile

import pytest

from local_test import artifact
from local_test.errors import BenchError


def test_equal_models_make_equal_archives(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "weights").write_bytes(b"w")
        os.utime(tmp_path / name / "deep" / "weights", (1, 1 if name == "one" else 2))
        artifact.pack({"algo-1": tmp_path / name}, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_hosts_are_merged_and_clashes_named(tmp_path):
    for host in ("algo-1", "algo-2"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "model.json").write_text(host)
        (tmp_path / host / "same.txt").write_text("same")
        (tmp_path / host / f"{host}.txt").write_text("own")
    hosts = {host: tmp_path / host for host in ("algo-1", "algo-2")}
    remarks = artifact.pack(hosts, tmp_path / "model.tar.gz")
    assert len(remarks) == 1
    assert "Two hosts wrote a different model.json" in remarks[0]
    artifact.unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    assert (tmp_path / "out" / "model.json").read_text() == "algo-1"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model.json",
        "same.txt",
        "algo-1.txt",
        "algo-2.txt",
    }


def test_links_are_left_out_and_named(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("w")
    (tmp_path / "model" / "latest").symlink_to("weights")
    remarks = artifact.pack({"algo-1": tmp_path / "model"}, tmp_path / "model.tar.gz")
    assert "latest on algo-1 is a symbolic link" in remarks[0]
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        assert tar.getnames() == ["weights"]


def test_an_archive_with_a_link_is_refused(tmp_path):
    (tmp_path / "latest").symlink_to("/etc/passwd")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "latest", "latest")
    with pytest.raises(BenchError, match="holds links"):
        artifact.unpack(tmp_path / "model.tar.gz", tmp_path / "out")


@pytest.mark.parametrize("damage", [b"", b"not an archive"])
def test_a_damaged_archive_is_explained(tmp_path, damage):
    (tmp_path / "model.tar.gz").write_bytes(damage)
    with pytest.raises(BenchError, match="cannot be unpacked"):
        artifact.unpack(tmp_path / "model.tar.gz", tmp_path / "out")
