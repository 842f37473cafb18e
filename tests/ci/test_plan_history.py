"""Plans look at content: whatever git's history is, and whatever waits at the training pointer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_test.aws.server import LocalAws
from tests.ci.developer import Developer
from tests.ci.plan_cases import BOTH, FEATURES, LEFT, NOTHING, PREDICTOR, RELEASED, TRAINER
from tests.ci.plan_shop import (
    Change,
    added,
    because,
    cloned,
    decided,
    line,
    live_shop,
    plan_of,
    removed,
    replaced,
    reverted,
    told,
)

README = "README.md"


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    return live_shop(local, tmp_path_factory.mktemp("shop"))


@pytest.fixture
def mine(shop: Developer, tmp_path: Path) -> Developer:
    """A clone, at the commit that is live."""
    return cloned(shop, tmp_path / "clone")


def commit(shop: Developer, *changes: Change, message: str = "A change") -> None:
    for change in changes:
        change(shop)
    shop.commit(message=message)


def on_a_branch(shop: Developer, *changes: Change) -> None:
    """A commit for each change, on a branch beside a newer main."""
    shop.git("checkout", "--quiet", "-b", "topic")
    for change in changes:
        commit(shop, change)
    shop.git("checkout", "--quiet", "main")
    commit(shop, line(README))


def merge(shop: Developer) -> None:
    on_a_branch(shop, line(PREDICTOR), line(TRAINER))
    shop.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")


def squash(shop: Developer) -> None:
    on_a_branch(shop, line(PREDICTOR), line(TRAINER))
    shop.git("merge", "--quiet", "--squash", "topic")
    shop.git("commit", "--quiet", "--message", "Squashed")


def merge_of_what_undoes_each_other(shop: Developer) -> None:
    def taken_back(shop: Developer) -> str:
        return shop.git("checkout", "HEAD~1", "--", FEATURES)

    on_a_branch(shop, line(FEATURES), taken_back, line(PREDICTOR))
    shop.git("merge", "--quiet", "--no-ff", "--no-edit", "topic")


def rebase(shop: Developer) -> None:
    on_a_branch(shop, line(PREDICTOR))
    shop.git("rebase", "--quiet", "main", "topic")


def force_push(shop: Developer) -> None:
    """Another history without the live commit, which no longer exists."""
    live = shop.git("rev-parse", "HEAD")
    line(PREDICTOR)(shop)
    shop.git("checkout", "--quiet", "--orphan", "other")
    shop.commit(message="All anew")
    shop.git("branch", "--delete", "--force", "main")
    shop.git("remote", "remove", "origin")
    shop.git("reflog", "expire", "--expire=now", "--all")
    shop.git("gc", "--quiet", "--prune=now")
    assert live not in shop.git("cat-file", "--batch-all-objects", "--batch-check")


def detached(shop: Developer) -> None:
    commit(shop, line(PREDICTOR))
    shop.git("checkout", "--quiet", "--detach")
    shop.git("branch", "--delete", "--force", "main")


def uncommitted(shop: Developer) -> None:
    line(PREDICTOR, "container/new.py")(shop)
    shop.git("add", PREDICTOR)


def committed_and_taken_back_in_the_work_tree(shop: Developer) -> None:
    commit(shop, line(PREDICTOR))
    shop.git("checkout", "--quiet", "HEAD~1", "--", ".")


@pytest.mark.parametrize(
    ("history", "decision", "names"),
    [
        (merge, BOTH, {"predictor.py", "trainer.py"}),
        (squash, BOTH, {"predictor.py", "trainer.py"}),
        (merge_of_what_undoes_each_other, RELEASED, {"predictor.py"}),
        (rebase, RELEASED, {"predictor.py"}),
        (force_push, RELEASED, {"predictor.py"}),
        (detached, RELEASED, {"predictor.py"}),
        (uncommitted, NOTHING, set()),
        (committed_and_taken_back_in_the_work_tree, RELEASED, {"predictor.py"}),
    ],
)
def test_history(
    mine: Developer,
    history: Callable[[Developer], None],
    decision: tuple[str, bool],
    names: set[str],
) -> None:
    history(mine)
    plan = plan_of(mine)
    assert (decided(plan), because(plan)) == (decision, names), told(plan)
    assert mine.ci("plan").returncode == 0


def test_a_shallow_clone_decides_alike_but_names_no_commits(
    mine: Developer, tmp_path: Path
) -> None:
    commit(mine, line(PREDICTOR), message="Kinder answers")
    commit(mine, line(README))
    shallow = cloned(mine, tmp_path / "shallow", "--depth", "1")
    assert plan_of(shallow) == plan_of(mine)
    assert "Kinder answers" in mine.does("plan")
    assert "Kinder answers" not in shallow.does("plan")


def test_an_older_commit(mine: Developer) -> None:
    commit(mine, line(TRAINER), message="Learn better")
    commit(mine, line(TRAINER, PREDICTOR), message="Answer better")
    assert decided(plan_of(mine)) == BOTH
    plan = plan_of(mine, "--commit", "HEAD~1")
    assert (decided(plan), because(plan)) == (LEFT, {"trainer.py"})
    assert "Answer better" not in mine.does("plan", "--commit", "HEAD~1")


def test_below_the_root(mine: Developer) -> None:
    commit(mine, line(PREDICTOR))
    mine.clone /= "container"
    assert decided(plan_of(mine)) == RELEASED


@contextmanager
def waiting(shop: Developer, *changes: Change) -> Iterator[None]:
    """A commit that was pushed and waits at the training pointer; afterwards nothing does."""
    before, pointer = shop.git("rev-parse", "HEAD"), shop.pointer()
    commit(shop, *changes)
    shop.push()
    assert shop.pointer() != pointer
    yield
    shop.git("reset", "--quiet", "--hard", before)
    shop.does("point", pointer)


DOCKERFILE = added("Dockerfile", "ENV A=1")


@pytest.mark.parametrize(
    ("pushed", "then"),
    [
        pytest.param(
            [line(TRAINER)],
            {
                "docs": (line(README), NOTHING, set()),
                "predictor": (line(PREDICTOR), RELEASED, {"predictor.py"}),
                "trainer again": (line(TRAINER), LEFT, {"trainer.py"}),
                "features": (line(FEATURES), LEFT, {"features.py"}),
                "revert": (reverted(), LEFT, {"trainer.py"}),
            },
            id="trainer",
        ),
        pytest.param(
            [line(FEATURES)],
            {
                "docs": (line(README), NOTHING, {"features.py"}),
                "predictor": (line(PREDICTOR), LEFT, {"features.py", "predictor.py"}),
                "trainer": (line(TRAINER), LEFT, {"features.py", "trainer.py"}),
                "revert": (reverted(), LEFT, {"features.py"}),
            },
            id="features",
        ),
        pytest.param(
            [line(FEATURES), DOCKERFILE],
            {
                "docs": (line(README), NOTHING, {"features.py", "Dockerfile"}),
                "revert": (reverted(), LEFT, {"features.py", "Dockerfile"}),
                "Dockerfile stays": (
                    lambda shop: [reverted()(shop), DOCKERFILE(shop)],
                    BOTH,
                    {"features.py", "Dockerfile"},
                ),
            },
            id="features_and_dockerfile",
        ),
    ],
)
def test_while_another_push_waits_for_training(
    shop: Developer,
    tmp_path: Path,
    pushed: list[Change],
    then: dict[str, tuple[Change, tuple[str, bool], set[str]]],
) -> None:
    plans = {}
    with waiting(shop, *pushed):
        for name, (change, _, _) in then.items():
            mine = cloned(shop, tmp_path / name)
            change(mine)
            mine.git("add", "--all")
            mine.git("commit", "--quiet", "--allow-empty", "--message", name)
            plans[name] = plan_of(mine)
    found = {name: (decided(plan), because(plan)) for name, plan in plans.items()}
    assert found == {name: (decision, names) for name, (_, decision, names) in then.items()}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            added(PREDICTOR, "def half("), "container/predictor.py, line", id="syntax_error"
        ),
        pytest.param(
            added("container/requirements.txt", "flask = 3"),
            "container/requirements.txt, line",
            id="requirement",
        ),
        pytest.param(
            replaced("container/algorithm.toml", "minimum", "minimun"),
            "minimun",
            id="algorithm_file",
        ),
        pytest.param(removed("container/algorithm.toml"), "algorithm.toml", id="no_algorithm"),
    ],
)
def test_what_cannot_be_described(mine: Developer, change: Change, says: str) -> None:
    commit(mine, change)
    done = mine.ci("plan", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CiError: The algorithm of this commit cannot be described.")
    assert says in done.stderr
    assert "/tmp/plan-" not in done.stderr
    assert "Traceback" not in done.stderr


def test_no_such_commit_and_no_repository(mine: Developer, tmp_path: Path) -> None:
    done = mine.ci("plan", "--commit", "feature/x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no commit feature/x" in done.stderr
    mine.clone = tmp_path
    done = mine.ci("plan")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path} is in no git repository" in done.stderr
