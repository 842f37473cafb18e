"""`describe --source`: packages by side from lock files, whatever is installed here."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from framework.algorithm import Algorithm
from tests.framework.inspection.test_packages import install

MakeAlgorithm = Callable[..., Algorithm]
PROJECT = Path(__file__).parents[3]
SERVING, TRAINING, BOTH, NONE = ["serving"], ["training"], ["serving", "training"], None
STRANGERS = {"predictor.py": "import alpha", "trainer.py": "import omega"}


def source(directory: Path, *import_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "framework", "describe", "--source"],
        cwd=PROJECT,
        env={
            **os.environ,
            "ALGORITHM_DIR": str(directory),
            "PYTHONPATH": os.pathsep.join(map(str, import_path)),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def packages(algorithm: MakeAlgorithm) -> Callable[..., dict[str, dict[str, Any]]]:
    """Describes an algorithm with this lock file; the packages of that, by name."""

    def described(
        lock: str, *import_path: Path, files: Mapping[str, str] = STRANGERS, code: str = ""
    ) -> dict[str, dict[str, Any]]:
        made = algorithm({"requirements.txt": lock, **files}, code=code)
        done = source(made.directory, *import_path)
        assert done.returncode == 0, done.stderr
        return {package["name"]: package for package in json.loads(done.stdout)["packages"]}

    return described


Packages = Callable[..., dict[str, dict[str, Any]]]


def sides(found: Mapping[str, dict[str, Any]], name: str) -> list[str] | None:
    return found[name]["sides"] if name in found else None


@pytest.mark.parametrize(
    "comments",
    [
        "    # via alpha\n",
        "    # via\n    #   alpha\n    #   -r requirements.in\n",
        "    # via alpha[fast]\n",
        "    # via beta, alpha\n",
    ],
)
def test_who_needs_a_package_is_read_from_the_resolvers_notes(
    packages: Packages, comments: str
) -> None:
    noted = "    # via -r requirements.in\n"
    found = packages(f"alpha==1\n{noted}needed==2 \\\n    --hash=sha256:a\n{comments}omega==1\n")
    assert sides(found, "alpha") == sides(found, "needed") == SERVING
    assert found["needed"]["via"] == {"serving": "alpha"}
    assert found["needed"]["version"] == "2"


def test_a_note_behind_the_requirement(packages: Packages) -> None:
    found = packages("alpha==1\nneeded==2  # via alpha\n", files={"predictor.py": "import alpha"})
    assert found["needed"]["via"] == {"serving": "alpha"}


def test_without_notes_what_is_installed_tells_what_a_package_needs(
    packages: Packages, tmp_path: Path
) -> None:
    site = install(install(tmp_path / "site", "alpha", "needed"), "needed", version="7.0")
    install(site, "omega")
    found = packages("alpha==1.0\nneeded==2.0\nomega==1.0\nother==1.0\n", site)
    assert found["needed"]["via"] == {"serving": "alpha"}
    assert found["needed"]["version"] == "2.0"
    assert sides(found, "other") is NONE


def test_without_notes_and_not_installed_everything_counts_perhaps(packages: Packages) -> None:
    found = packages("alpha==1\nneeded==2\n", files={"predictor.py": "import alpha"})
    assert found["alpha"]["via"] == {"serving": "predictor.py"}
    assert found["needed"]["via"] == {"serving": "perhaps: alpha may need it"}


def test_an_import_with_another_name_than_its_package(packages: Packages, tmp_path: Path) -> None:
    lock = "py-alpha==1\nneeded==2\n    # via py-alpha\n"
    found = packages(lock, files={"predictor.py": "import alpha"})
    assert found["py-alpha"]["via"] == {"serving": "perhaps: import alpha may need it"}
    assert found["needed"]["via"] == {"serving": "perhaps: py-alpha"}
    site = install(tmp_path / "site", "py-alpha")
    (site / "py_alpha-1.0.dist-info/top_level.txt").write_text("alpha\n")
    (site / "py_alpha.py").rename(site / "alpha.py")
    found = packages(lock, site, files={"predictor.py": "import alpha"})
    assert found["py-alpha"]["via"] == {"serving": "predictor.py"}


def test_an_optional_import_of_the_framework_makes_nobody_guess(packages: Packages) -> None:
    found = packages("other==1\n    # via -r requirements.in\n", files={})
    assert sides(found, "other") is NONE


def test_markers_for_another_machine(packages: Packages) -> None:
    found = packages(
        'alpha==1; sys_platform != "win32"\n'
        'alpha==2; sys_platform == "win32"\n'
        'omega==3; python_version < "3"\n'
    )
    assert found["alpha"]["version"] == "1"
    assert sides(found, "omega") is NONE


@pytest.mark.parametrize(
    ("line", "version", "specifier"),
    [
        ("alpha==1.2", "1.2", "==1.2"),
        ("Alpha == 1.2", "1.2", "==1.2"),
        ("alpha[fast]==1.2", "1.2", "==1.2"),
        ("alpha===1.2", "1.2", "===1.2"),
        ("alpha==1.*", None, "==1.*"),
        ("alpha>=1,<2", None, "<2,>=1"),
        ("alpha", None, ""),
        ("alpha==1.2 --hash=sha256:a --config-settings=x=y", "1.2", "==1.2"),
        ("alpha @ https://example.org/a-1.whl", None, "https://example.org/a-1.whl"),
        ("alpha @ git+https://example.org/a@v1", None, "git+https://example.org/a@v1"),
    ],
)
def test_what_a_line_asks_for(
    packages: Packages, line: str, version: str | None, specifier: str
) -> None:
    found = packages(f"{line}\n")["alpha"]
    assert (found["version"], found["specifier"]) == (version, specifier)


def test_included_files_and_constraints(packages: Packages) -> None:
    files = {
        **STRANGERS,
        "more/base.txt": "alpha\n-c limits.txt\n",
        "more/limits.txt": "alpha==1.5\nneeded==2\n",
        "other.txt": "omega==3\n",
    }
    found = packages("-r more/base.txt\n--requirement=other.txt\n", files=files)
    assert found["alpha"]["version"] == "1.5"
    assert found["omega"]["version"] == "3"
    assert sides(found, "needed") is NONE


def test_a_constraint_holds_for_what_is_needed(packages: Packages, tmp_path: Path) -> None:
    site = install(install(tmp_path / "site", "alpha", "needed"), "needed")
    files = {"predictor.py": "import alpha", "limits.txt": "needed==2\n"}
    found = packages("-c limits.txt\nalpha==1.0\n", site, files=files)
    assert found["needed"]["version"] == "2"


def test_the_algorithms_line_goes_before_the_frameworks(packages: Packages) -> None:
    assert packages("flask==99\n")["flask"]["version"] == "99"


def test_extras_that_are_asked_for(packages: Packages, tmp_path: Path) -> None:
    site = install(tmp_path / "site", "alpha", 'fast; extra == "fast"', 'slow; extra == "slow"')
    install(install(site, "fast"), "slow")
    lock = "fast==1.0\nslow==1.0\n"
    files = {"predictor.py": "import alpha"}
    found = packages(f"alpha[fast]==1.0\n{lock}", site, files=files)
    assert (sides(found, "fast"), sides(found, "slow")) == (SERVING, NONE)
    assert sides(packages(f"alpha==1.0\n{lock}", site, files=files), "fast") is NONE


def test_what_the_trainer_imports_is_shared_unless_it_is_training_only(packages: Packages) -> None:
    lock, files = "omega==1\nneeded==1  # via omega\n", {"trainer.py": "import omega"}
    found = packages(lock, files=files)
    assert sides(found, "omega") == sides(found, "needed") == BOTH
    found = packages(lock, files=files, code='training_only = ["omega"]')
    assert sides(found, "omega") == sides(found, "needed") == TRAINING


def test_pins_that_nobody_reaches_are_told(algorithm: MakeAlgorithm) -> None:
    made = algorithm({"requirements.txt": "other==1.5\nopen\n"})
    described = json.loads(source(made.directory).stdout)["unreached_packages"]
    assert described.items() >= {"open": None, "other": "1.5"}.items()


@pytest.mark.parametrize("line", ["alpha = 1", "./alpha.whl", "alpha=="])
def test_a_line_that_is_no_requirement(algorithm: MakeAlgorithm, line: str) -> None:
    made = algorithm({"requirements.txt": f"omega==1\n{line}\n"})
    done = source(made.directory)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"requirements.txt, line 2: {line}" in done.stderr


def test_an_image_tells_where_a_package_came_from(
    algorithm: MakeAlgorithm, describe: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """So that a requirement by address can be compared with it."""
    site = install(install(tmp_path / "site", "alpha"), "omega")
    notes = {
        "alpha": {"url": "https://example.org/a.whl", "archive_info": {}},
        "omega": {
            "url": "https://example.org/o",
            "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "abc"},
        },
    }
    for name, note in notes.items():
        (site / f"{name}-1.0.dist-info/direct_url.json").write_text(json.dumps(note))
    made = algorithm({"predictor.py": "import alpha, omega"})
    found = {p["name"]: p.get("url") for p in describe(made.directory, site)["packages"]}
    assert found["alpha"] == "https://example.org/a.whl"
    assert found["omega"] == "git+https://example.org/o@v1"
    assert found["flask"] is None
