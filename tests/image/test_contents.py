"""What is in the images, and what is not."""

from collections.abc import Callable

import pytest
from docker.models.containers import Container
from docker.models.images import Image

pytestmark = pytest.mark.docker

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def shell(start: Callable[..., Container], algorithm_image: Image) -> Callable[[str], str]:
    """Runs a line of shell in the algorithm's image and returns what it prints."""
    container = start(algorithm_image, "infinity", entrypoint="sleep", network_mode="none")

    def run(line: str) -> str:
        code, output = container.exec_run(["sh", "-c", line])
        assert code == 0, output.decode()
        return output.decode()

    return run


def test_base_adds_less_than_120_megabytes(bare_image: Image, base_image: Image):
    added = base_image.attrs["Size"] - bare_image.attrs["Size"]
    assert added < 120 * MEGABYTE


@pytest.mark.parametrize("target", ["base", "algorithm"])
def test_declares_what_sagemaker_asks_for(target: str, request: pytest.FixtureRequest):
    image = request.getfixturevalue(f"{target}_image")
    config = image.attrs["Config"]
    capabilities = {name for name in config["Labels"] if "sagemaker.capabilities" in name}
    assert config["Entrypoint"] == ["python", "-m", "framework"]
    assert not config["Cmd"]
    assert capabilities == {"com.amazonaws.sagemaker.capabilities.accept-bind-to-port"}
    assert (image.attrs["Os"], image.attrs["Architecture"]) == ("linux", "amd64")


def test_layers_of_packages_are_shared(base_image: Image, algorithm_image: Image):
    def layers(image: Image) -> list[str]:
        return image.attrs["RootFS"]["Layers"]

    shared = [layer for layer in layers(base_image) if layer in layers(algorithm_image)]
    assert len(shared) >= len(layers(base_image)) - 2, "only the framework's code may differ"


@pytest.mark.parametrize(
    "module", ["boto3", "botocore", "sagemaker", "docker", "pytest", "hypothesis", "ruff"]
)
def test_holds_no_package_of_the_tests_or_of_aws(shell: Callable[[str], str], module: str):
    found = shell(
        f"python -c 'import importlib.util as u; print(u.find_spec(\"{module}\") is not None)'"
    )
    assert found.strip() == "False"


def test_holds_no_compiler(shell: Callable[[str], str]):
    assert shell("command -v gcc cc g++ clang make ld || true") == ""


def test_holds_no_tests(shell: Callable[[str], str]):
    assert shell("find /opt/framework /opt/program /usr/local/lib -type d -name tests") == ""


def test_holds_the_code_and_its_lock_files_only(shell: Callable[[str], str]):
    names = shell("find /opt -type f ! -name '*.py' ! -name '*.pyc'").split()
    assert set(names) == {
        "/opt/framework/framework/requirements.txt",
        "/opt/program/requirements.txt",
        "/opt/program/algorithm.toml",
        "/opt/program/replies.json",
    }


def test_every_module_is_compiled_and_never_stale(shell: Callable[[str], str]):
    flags = shell(
        "python - <<'EOF'\n"
        "import importlib.util, pathlib\n"
        "for source in pathlib.Path('/opt').rglob('*.py'):\n"
        "    code = pathlib.Path(importlib.util.cache_from_source(str(source)))\n"
        "    print(code.read_bytes()[4] if code.exists() else source)\n"
        "EOF"
    )
    assert set(flags.split()) == {"3"}, "3 is a pyc that carries the hash of its source"


def test_installed_packages_agree_with_each_other(shell: Callable[[str], str]):
    assert "No broken requirements found" in shell("pip check")


def test_everything_is_readable_by_any_uid(shell: Callable[[str], str]):
    assert shell("find /opt -type f ! -perm -o=r; find /opt -type d ! -perm -o=rx") == ""


def test_framework_is_found_whatever_pythonpath_says(shell: Callable[[str], str]):
    line = "cd / && PYTHONPATH=/nowhere python -c 'import framework; print(framework.__file__)'"
    assert shell(line).strip() == "/opt/framework/framework/__init__.py"
