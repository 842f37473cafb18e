"""The decision table: what one commit changes in the shop, and what follows for the endpoint.

Before it, one image is live, has trained the live model and is at the training pointer.
"""

from dataclasses import dataclass, field
from importlib.metadata import version

from tests.ci.plan_shop import (
    Change,
    added,
    executable,
    line,
    linked,
    pinned,
    removed,
    renamed,
    replaced,
    wrote,
)

RELEASED = ("image", False)
LEFT = ("", True)
BOTH = ("image", True)
SETTINGS = ("settings", False)
SETTINGS_AND_LEFT = ("settings", True)
NOTHING = ("", False)
MORE = "…"
ROOT = (MORE, "Dockerfile", ".dockerignore", "InstanceType")


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        decision: how the commit is released ("image", "settings" or not), and whether it waits
            for training.
        because: all names in the plan's reasons; with MORE among them, some of them.
        says: words of the sentence or of a note.
        options: of `plan`.
        settings: lines of the environment file, old → new.
    """

    name: str
    changes: tuple[Change, ...]
    decision: tuple[str, bool]
    because: frozenset[str] = frozenset()
    says: str = ""
    options: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


def row(
    name: str, decision: tuple[str, bool], because: str, *changes: Change, says: str = ""
) -> Case:
    """``because`` are names with spaces between them; files of container/ without it."""
    return Case(name, changes, decision, frozenset(map(_full, because.split())), says)


def _full(name: str) -> str:
    if name.startswith("package:"):
        return name.replace(":", " ")
    return name if name in ROOT or name.startswith("framework/") else f"container/{name}"


def _own(*names: str) -> list[str]:
    return [f"container/{name}" for name in names]


PREDICTOR, TRAINER, FEATURES, TOML, LOCK = _own(
    "predictor.py", "trainer.py", "features.py", "algorithm.toml", "requirements.txt"
)
DYNAMIC = "import importlib\n\n\ndef other(name):\n    return importlib.import_module(name)\n"

SIDES = [
    row("predictor", RELEASED, "predictor.py", line(PREDICTOR)),
    row("trainer", LEFT, "trainer.py", line(TRAINER)),
    row("features", LEFT, "features.py", line(FEATURES), says="share container/features.py"),
    row("predictor_and_trainer", BOTH, "predictor.py trainer.py", line(PREDICTOR, TRAINER)),
    row("features_and_predictor", LEFT, "features.py predictor.py", line(FEATURES, PREDICTOR)),
    row("features_and_trainer", LEFT, "features.py trainer.py", line(FEATURES, TRAINER)),
    row("predictor_and_docs", RELEASED, "predictor.py", line(PREDICTOR, "README.md")),
    row("only_blank_lines", RELEASED, "predictor.py", added(PREDICTOR, "\n")),
]

REACHED_BY_NONE = [
    row("docs", NOTHING, "", line("docs/index.md", "README.md")),
    row("readme_in_container", NOTHING, "", line("container/README.md")),
    row("tests_in_container", NOTHING, "", line("container/tests/test_prices.py")),
    row("pipeline", NOTHING, "", wrote(".gitlab-ci.yml", "include: []\n")),
    row("sample", NOTHING, "", line("container/sample.py")),
    row("other_module", NOTHING, "", line("container/notes.py")),
    row("other_module_removed", NOTHING, "", removed("container/notes.py")),
    row("other_module_renamed", NOTHING, "", renamed("notes", "memo")),
    row("file_mode", NOTHING, "", executable(FEATURES)),
    row("empty_commit", NOTHING, ""),
]

ALGORITHM_FILE = [
    row("toml_sample", NOTHING, "", replaced(TOML, "sample:write_channels", "sample:write")),
    row("toml_comment", NOTHING, "", line(TOML)),
    row(
        "toml_predictor",
        RELEASED,
        "algorithm.toml#predictor predictor.py seller.py",
        renamed("predictor", "seller", "algorithm.toml"),
        replaced(TOML, "seller = ", "predictor = "),
    ),
    row(
        "toml_trainer",
        LEFT,
        "algorithm.toml#trainer trainer.py learner.py",
        renamed("trainer", "learner", "algorithm.toml"),
        replaced(TOML, "learner = ", "trainer = "),
    ),
    row(
        "toml_training_only_dropped",
        LEFT,
        f"package:matplotlib package:contourpy {MORE}",
        replaced(TOML, '"matplotlib"', ""),
    ),
    row("toml_evaluation", LEFT, "algorithm.toml#evaluation", replaced(TOML, "= 40", "= 30")),
]

IMPORTS = [
    row("through_a_third", LEFT, "scale.py", line("container/scale.py")),
    row("import_in_a_function", RELEASED, "rounding.py", line("container/rounding.py")),
    row("conditional_import", RELEASED, "fast.py", line("container/fast.py")),
    row("import_module_literal", RELEASED, "currency.py", line("container/currency.py")),
    row("relative_import", RELEASED, "words/phrases.py", line("container/words/phrases.py")),
    row("package_of_both", LEFT, "words/__init__.py", line("container/words/__init__.py")),
    row("module_of_trainer", LEFT, "words/units.py", line("container/words/units.py")),
    row(
        "unknown_import",
        LEFT,
        f"predictor.py trainer.py {MORE}",
        added(PREDICTOR, DYNAMIC),
        says="cannot be known",
    ),
    row(
        "unknown_import_declared_as_shared_module",
        RELEASED,
        "predictor.py",
        added(PREDICTOR, DYNAMIC),
        replaced(TOML, "[code]", '[code]\ndynamic_imports = ["scale"]'),
    ),
    row(
        "unknown_import_declared_as_serving_module",
        LEFT,
        "predictor.py rounding.py",
        added(PREDICTOR, DYNAMIC),
        replaced(TOML, "[code]", '[code]\ndynamic_imports = ["rounding"]'),
    ),
    row(
        "trainer_drops_shared",
        LEFT,
        "trainer.py features.py scale.py",
        replaced(TRAINER, "from features import COLUMNS  # noqa\n", ""),
    ),
    row(
        "trainer_drops_shared_while_predictor_changes",
        LEFT,
        "trainer.py features.py scale.py predictor.py",
        replaced(TRAINER, "from features import COLUMNS  # noqa\n", ""),
        line(PREDICTOR),
    ),
    row(
        "predictor_drops_shared",
        LEFT,
        "predictor.py features.py scale.py",
        replaced(PREDICTOR, "from features import COLUMNS  # noqa\n", ""),
    ),
    row(
        "trainer_takes_serving_module",
        LEFT,
        "trainer.py rounding.py",
        added(TRAINER, "import rounding"),
    ),
    row(
        "predictor_takes_new_module",
        RELEASED,
        "predictor.py colours.py",
        wrote("container/colours.py", "RED = 1\n"),
        added(PREDICTOR, "import colours"),
    ),
    row(
        "both_in_one_module",
        LEFT,
        f"predictor.py trainer.py {MORE}",
        added(PREDICTOR, "from trainer import PriceTrainer"),
    ),
    row(
        "shared_renamed",
        LEFT,
        "features.py traits.py predictor.py trainer.py",
        renamed("features", "traits", "predictor.py", "trainer.py"),
        says="container/traits.py",
    ),
    row(
        "serving_renamed",
        RELEASED,
        "rounding.py rounds.py predictor.py",
        renamed("rounding", "rounds", "predictor.py"),
    ),
]

DATA_FILES = [
    row("data_of_predictor", RELEASED, "labels.txt", line("container/labels.txt")),
    row("data_of_both", LEFT, "limits.json", line("container/limits.json")),
    row("data_declared", LEFT, "declared.json", line("container/declared.json")),
    row("data_by_pattern", RELEASED, "tables/prices.csv", line("container/tables/prices.csv")),
    row("data_that_nobody_names", NOTHING, "", line("container/loose.csv")),
    row("link_to_the_same", NOTHING, "", linked("container/labels.txt", "flat\n")),
    row("link_to_another", RELEASED, "labels.txt", linked("container/labels.txt", "house\n")),
]

PACKAGES = [
    row("flask", RELEASED, "package:flask", pinned("flask", room="framework")),
    row("needed_by_flask", RELEASED, "package:markupsafe", pinned("markupsafe", room="framework")),
    row("numpy", LEFT, "package:numpy", pinned("numpy", room="framework")),
    row(
        "needed_by_pydantic",
        LEFT,
        "package:annotated-types",
        pinned("annotated-types", room="framework"),
    ),
    row(
        "flask_and_numpy",
        LEFT,
        "package:flask package:numpy",
        pinned("flask", room="framework"),
        pinned("numpy", room="framework"),
    ),
    row("matplotlib", LEFT, "package:matplotlib", pinned("matplotlib")),
    row("needed_by_matplotlib", LEFT, "package:contourpy", pinned("contourpy")),
    row(
        "matplotlib_and_predictor",
        BOTH,
        "package:matplotlib predictor.py",
        pinned("matplotlib"),
        line(PREDICTOR),
    ),
    row("of_sample_only", NOTHING, "", pinned("palmerpenguins")),
    row("added_and_not_imported", NOTHING, "", added(LOCK, "left-pad==1.0")),
    row(
        "added_and_imported",
        RELEASED,
        "package:left-pad predictor.py",
        added(LOCK, "left-pad==1.0"),
        added(PREDICTOR, "import left_pad"),
    ),
    row(
        "added_without_version",
        RELEASED,
        "package:left-pad predictor.py",
        added(LOCK, "left-pad"),
        added(PREDICTOR, "import left_pad"),
    ),
    row("added_for_windows", NOTHING, "", added(LOCK, 'numpy==99.0; sys_platform == "win32"')),
    row("unpinned_stays", NOTHING, "", line("README.md")),
    row("unpinned_becomes_the_live_one", NOTHING, "", pinned("pandas", f"=={version('pandas')}")),
    row("unpinned_becomes_another", LEFT, "package:pandas", pinned("pandas", "==99.0")),
    row("unpinned_gets_a_bound", LEFT, "package:pandas", pinned("pandas", ">=99")),
    row(
        "unpinned_gets_a_constraint",
        LEFT,
        "package:pandas",
        added(LOCK, "-c limits.txt"),
        wrote("container/limits.txt", "pandas==99.0\n"),
    ),
    row(
        "from_an_address",
        LEFT,
        "package:pandas",
        pinned("pandas", " @ https://example.org/pandas-3.0.0-py3-none-any.whl"),
    ),
    row("another_hash", NOTHING, "", replaced(LOCK, "sha256:aaaa", "sha256:cccc")),
    row("another_comment", NOTHING, "", added(LOCK, "# needed for the report")),
    row(
        "same_version_written_otherwise",
        NOTHING,
        "",
        replaced(LOCK, "matplotlib==", "Matplotlib == "),
    ),
]

FRAMEWORK = [
    row(
        "framework_serving", RELEASED, "framework/serving/log.py", line("framework/serving/log.py")
    ),
    row(
        "framework_training",
        LEFT,
        "framework/training/failure.py",
        line("framework/training/failure.py"),
    ),
    row("framework_both", LEFT, "framework/errors.py", line("framework/errors.py")),
    row("framework_testing", NOTHING, "", line("framework/testing/rows.py")),
    row("framework_inspection", NOTHING, "", line("framework/inspection/code.py")),
]

IMAGE_AND_SETTINGS = [
    row("dockerfile_comment", NOTHING, "", added("Dockerfile", "# a word")),
    row("dockerfile", BOTH, "Dockerfile", added("Dockerfile", "ENV A=1")),
    row(
        "dockerfile_and_features",
        LEFT,
        "Dockerfile features.py",
        added("Dockerfile", "ENV A=1"),
        line(FEATURES),
    ),
    row("dockerignore", BOTH, ".dockerignore", wrote(".dockerignore", "**/*.csv\n")),
]


def in_environment(
    name: str,
    decision: tuple[str, bool],
    settings: dict[str, str],
    *changes: Change,
    because: str = "",
) -> Case:
    return Case(name, changes, decision, frozenset(because.split(", ")) - {""}, settings=settings)


LARGER = {"[endpoint]": '[endpoint]\ninstance_type = "ml.c5.4xlarge"'}
TYPE = "InstanceType ml.m5.large → ml.c5.4xlarge"
ENVIRONMENT_FILE = [
    in_environment("instance_type", SETTINGS, LARGER, because=TYPE),
    in_environment(
        "instance_type_and_predictor",
        RELEASED,
        LARGER,
        line(PREDICTOR),
        because=f"{TYPE}, {PREDICTOR}",
    ),
    in_environment(
        "instance_type_and_features",
        SETTINGS_AND_LEFT,
        LARGER,
        line(FEATURES),
        because=f"{TYPE}, {FEATURES}",
    ),
    in_environment("schedule", NOTHING, {'schedule = ""': 'schedule = "cron(0 3 ? * MON *)"'}),
]


def overridden(
    name: str, decision: tuple[str, bool], override: str, *changes: Change, because: str
) -> Case:
    return Case(
        name, changes, decision, frozenset([because]), "Overridden", ("--override", override)
    )


OVERRIDES = [
    overridden("release_though_shared", RELEASED, "release", line(FEATURES), because=FEATURES),
    overridden("train_though_serving", LEFT, "train", line(PREDICTOR), because=PREDICTOR),
    overridden("nothing_though_shared", NOTHING, "nothing", line(FEATURES), because=FEATURES),
]

CASES = [
    *SIDES,
    *REACHED_BY_NONE,
    *ALGORITHM_FILE,
    *IMPORTS,
    *DATA_FILES,
    *PACKAGES,
    *FRAMEWORK,
    *IMAGE_AND_SETTINGS,
    *ENVIRONMENT_FILE,
    *OVERRIDES,
]
