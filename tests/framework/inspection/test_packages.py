"""Each installed distribution gets the sides that can be affected by it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm

MakeAlgorithm = Callable[..., Algorithm]
Describe = Callable[..., dict[str, Any]]
BOTH = ["serving", "training"]


def install(site: Path, name: str, *requires: str, version: str = "1.0", record: str = "") -> Path:
    """Lay out a distribution with one module of its name, as pip leaves it."""
    module = name.replace("-", "_").lower()
    info = site / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (site / f"{module}.py").touch()
    requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirements}"
    )
    (info / "top_level.txt").write_text(f"{module}\n")
    (info / "RECORD").write_text(record or f"{module}.py,sha256=abc,0\n")
    return site


def sides(description: dict[str, Any]) -> dict[str, list[str]]:
    return {package["name"]: package["sides"] for package in description["packages"]}


def test_flask_is_serving_only_and_the_models_library_is_shared(
    algorithm: MakeAlgorithm, describe: Describe
) -> None:
    found = sides(describe(algorithm({"trainer.py": "from sklearn import svm"}).directory))
    assert found["flask"] == found["werkzeug"] == found["gunicorn"] == ["serving"]
    assert found["scikit-learn"] == found["scipy"] == found["numpy"] == BOTH
    assert found["pydantic"] == found["pydantic-core"] == BOTH
    assert "pytest" not in found


def test_requirements_of_requirements_with_markers_and_extras(
    algorithm: MakeAlgorithm, describe: Describe, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    install(
        site,
        "Alpha.Zero",
        "beta>=1",
        'ghost; sys_platform == "win32"',
        'testing; extra == "test"',
        "delta[fast]",
    )
    (site / "alpha.zero.py").rename(site / "alpha.py")
    (site / "alpha.zero-1.0.dist-info/top_level.txt").write_text("alpha\n")
    install(site, "beta", "gamma", "alpha-zero")
    install(site, "gamma")
    install(site, "delta", 'epsilon; extra == "fast"', 'testing; extra == "slow"')
    for name in ("ghost", "testing", "epsilon"):
        install(site, name)
    found = sides(describe(algorithm({"predictor.py": "import alpha"}).directory, site))
    ours = {name for name in found if name in "alpha-zero beta gamma delta epsilon ghost testing"}
    assert ours == {"alpha-zero", "beta", "gamma", "delta", "epsilon"}
    assert all(found[name] == ["serving"] for name in ours)


def test_who_reaches_a_package_is_told(
    algorithm: MakeAlgorithm, describe: Describe, tmp_path: Path
) -> None:
    site = install(install(tmp_path / "site", "plots", "colours"), "colours")
    made = algorithm(
        {"trainer.py": "import report", "report.py": "import plots"},
        code='training_only = ["plots"]',
    )
    found = {p["name"]: p["via"] for p in describe(made.directory, site)["packages"]}
    assert found["plots"] == {"training": "report.py"}
    assert found["colours"] == {"training": "plots"}


def test_the_artifact_carries_what_the_trainer_imports(
    algorithm: MakeAlgorithm, describe: Describe, tmp_path: Path
) -> None:
    site = install(tmp_path / "site", "trees")
    made = algorithm({"trainer.py": "import trees"})
    found = {p["name"]: p["via"] for p in describe(made.directory, site)["packages"]}
    assert found["trees"] == {
        "serving": "the artifact, made by trainer.py",
        "training": "trainer.py",
    }


def test_the_hash_is_of_the_content(
    algorithm: MakeAlgorithm, describe: Describe, tmp_path: Path
) -> None:
    """Two installations of one wheel are the same, whoever installed it and where."""
    records = {
        "usual": "x.py,sha256=abc,0\n",
        "launcher": "../../../bin/x,sha256=other,9\nx.py,sha256=abc,0\n",
        "compiled": "x.py,sha256=abc,0\n__pycache__/x.cpython-311.pyc,,\n",
        "noted": "x-1.0.dist-info/INSTALLER,sha256=x,3\nx.py,sha256=abc,0\n",
        "ended": "x.py,sha256=abc,0\r\n",
        "changed": "x.py,sha256=changed,0\n",
        "extended": "x.py,sha256=abc,0\nmore.py,sha256=abc,0\n",
    }
    for name, record in records.items():
        install(tmp_path / "site", name, record=record)
    made = algorithm({"predictor.py": f"import {', '.join(records)}"})
    packages = describe(made.directory, tmp_path / "site")["packages"]
    hashes = {p["name"]: p["sha256"] for p in packages if p["name"] in records}
    same = {name for name, sha256 in hashes.items() if sha256 == hashes["usual"]}
    assert same == {"usual", "launcher", "compiled", "noted", "ended"}


def test_a_package_that_is_not_there(algorithm: MakeAlgorithm, describe: Describe) -> None:
    made = algorithm({"predictor.py": "import nowhere.deep"})
    warnings = describe(made.directory)["warnings"]
    assert any(w.startswith("predictor.py imports 'nowhere', which is neither") for w in warnings)


def test_the_first_of_two_installations_counts(
    algorithm: MakeAlgorithm, describe: Describe, tmp_path: Path
) -> None:
    first = install(tmp_path / "first", "alpha", version="2.0")
    second = install(tmp_path / "second", "alpha", version="1.0")
    directory = algorithm({"predictor.py": "import alpha"}).directory
    packages = describe(directory, first, second)["packages"]
    assert next(p["version"] for p in packages if p["name"] == "alpha") == "2.0"
    assert os.path.commonpath([first, second]) == str(tmp_path)
