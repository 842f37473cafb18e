"""A shop with a file and a package of every kind, and small changes to its repository."""

import json
import os
import re
from collections.abc import Callable, Mapping
from copy import copy
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local_test.aws.server import LocalAws
from tests.ci.developer import Developer

Change = Callable[[Developer], object]

LATE = """
import words.answers

try:
    import fast
except ImportError:
    fast = None


def of_a_rare_request():
    import importlib

    import rounding

    importlib.import_module("currency")
    return ["labels.txt", "limits.json", "tables/*.csv"]
"""
FILES = {
    "container/algorithm.toml": """
trainer = "trainer:PriceTrainer"
predictor = "predictor:PricePredictor"
[code]
training_only = ["matplotlib"]
data_files = ["declared.json"]
[sample]
channels = "sample:write_channels"
[evaluation]
target = "price"
metric = "rmse"
minimum = 40
""",
    "container/features.py": 'import scale\n\nCOLUMNS = ["area"]\n',
    "container/scale.py": "METRES = 1\n",
    "container/report.py": 'def draw():\n    import matplotlib\n\nLIMITS = "limits.json"\n',
    "container/words/__init__.py": "",
    "container/words/answers.py": "from . import phrases\n",
    "container/words/phrases.py": "",
    "container/words/units.py": "",
    "container/rounding.py": "",
    "container/currency.py": "",
    "container/fast.py": "",
    "container/sample.py": "import palmerpenguins\n",
    "container/notes.py": "",
    "container/README.md": "A shop.\n",
    "container/labels.txt": "flat\n",
    "container/limits.json": "{}\n",
    "container/declared.json": "{}\n",
    "container/tables/prices.csv": "1\n",
    "container/loose.csv": "1\n",
    "docs/index.md": "Of a shop.\n",
    "README.md": "Of a shop.\n",
}


def requirements() -> str:
    """What the shop needs, as a lock file has it; pandas has no version there."""
    lines = [
        "pandas",
        f"matplotlib=={version('matplotlib')} \\",
        "    --hash=sha256:aaaa",
        "    # via -r container/requirements.in",
        f"contourpy=={version('contourpy')} \\",
        "    --hash=sha256:bbbb",
        "    # via matplotlib",
        f"palmerpenguins=={version('palmerpenguins')}",
        "    # via -r container/requirements.in",
    ]
    return "\n".join([*lines, ""])


def shop(aws: LocalAws, place: Path, project: str = "shop") -> Developer:
    """The repository of the shop; nothing is deployed."""
    made = Developer(aws, place, project)
    made.edit({**FILES, "container/requirements.txt": requirements()})
    made.add_line("container/predictor.py", LATE)
    made.add_line("container/trainer.py", "import report\nfrom words import units  # noqa")
    made.commit(message="A shop with everything")
    return made


def live_shop(aws: LocalAws, place: Path, project: str = "shop") -> Developer:
    """The same, trained and served: one image is live, has trained the model, and is pointed at."""
    made = shop(aws, place, project)
    made.does("deploy")
    made.upload("train", 40, seed=1)
    made.upload("test", 60, seed=2)
    made.push()
    made.succeeds()
    return made


def cloned(developer: Developer, place: Path, *options: str) -> Developer:
    """Somebody else's clone of the repository."""
    made = copy(developer)
    made.clone = place
    developer.git("clone", "--quiet", *options, developer.clone.as_uri(), str(place))
    return made


def told(plan: Mapping[str, Any]) -> str:
    """Everything that a plan says."""
    reasons = [f"{r['kind']}: {r['name']} {r['change']} ({r['detail']})" for r in plan["reasons"]]
    return "\n".join([plan["sentence"], *reasons, *plan["notes"]])


def line(*names: str) -> Change:
    """A line more at the end of each file, or a new file with that line."""
    return lambda shop: [shop.add_line(name, "# changed") for name in names]


def wrote(name: str, text: str) -> Change:
    return lambda shop: shop.edit({name: text})


def added(name: str, text: str) -> Change:
    return lambda shop: shop.add_line(name, text)


def replaced(name: str, old: str, new: str) -> Change:
    return lambda shop: shop.replace(name, old, new)


def removed(name: str) -> Change:
    return lambda shop: shop.edit({name: None})


def renamed(old: str, new: str, *importers: str) -> Change:
    """A module of container/, and what imports it."""

    def change(shop: Developer) -> None:
        shop.git("mv", f"container/{old}.py", f"container/{new}.py")
        for importer in importers:
            file = shop.clone / "container" / importer
            file.write_text(re.sub(rf"\b{old}\b", new, file.read_text()))

    return change


def pinned(package: str, specifier: str = "==99.0", room: str = "container") -> Change:
    """Another version of a package in a lock file."""

    def change(shop: Developer) -> None:
        file = shop.clone / room / "requirements.txt"
        text, count = re.subn(
            rf"(?m)^{package}(?![\w-])[^\s\\]*", package + specifier, file.read_text()
        )
        assert count == 1
        file.write_text(text)

    return change


def linked(name: str, content: str) -> Change:
    """A file becomes a symbolic link to another with that content."""

    def change(shop: Developer) -> None:
        path = shop.clone / name
        path.unlink()
        path.with_name("target.txt").write_text(content)
        path.symlink_to("target.txt")

    return change


def executable(name: str) -> Change:
    return lambda shop: os.chmod(shop.clone / name, 0o755)


def reverted(count: int = 1) -> Change:
    """Undo the newest commits, each by a commit of its own."""
    return lambda shop: ([shop.git("revert", "--no-edit", f"HEAD~{n}") for n in range(count)])


def plan_of(developer: Developer, *options: str) -> dict[str, Any]:
    """What `plan` prints in this clone."""
    return json.loads(developer.does("plan", "--json", *options))


def decided(plan: Mapping[str, Any]) -> tuple[str, bool]:
    return plan["release"], plan["train"]


def because(plan: Mapping[str, Any]) -> set[str]:
    """The names of all reasons, files of container/ without it."""
    return {reason["name"].removeprefix("container/") for reason in plan["reasons"]}
