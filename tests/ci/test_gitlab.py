"""The GitLab of our tests decides as GitLab does which jobs start."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.ci.gitlab import Repository, lint
from tests.ci.gitlab_runner import NotCreated

pytestmark = [pytest.mark.gitlab, pytest.mark.usefixtures("gitlab_ci_local")]
CI = ".gitlab-ci.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, {"README.md": "An algorithm"})


def test_stages_and_needs_give_the_order(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        stages: [build, test, release]
        prove: {stage: test, script: date +%s%N}
        early: {stage: release, needs: [], script: date +%s%N}
        release: {stage: release, needs: [prove], script: date +%s%N}
        build: {stage: build, script: "sleep 0.3; date +%s%N"}
        """
        }
    )
    pipeline = repository.pipeline(sha)
    assert set(pipeline.statuses.values()) == {"success"}
    ended = {name: int(pipeline[name].printed[0]) for name in pipeline.jobs}
    assert sorted(ended, key=ended.__getitem__) == ["early", "build", "prove", "release"]
    assert pipeline["build"].seconds >= 0.3


def test_rules_choose_jobs_by_source_and_branch(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        workflow: {rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"},
                           {if: $CI_COMMIT_BRANCH == "main"}]}
        check: {script: echo}
        plan: {script: echo, rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]}
        release: {script: echo, rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]}
        refresh: {script: echo, rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}]}
        """
        }
    )

    def jobs(source: str, branch: str) -> set[str]:
        return set(repository.create_pipeline(sha, source, branch).jobs)

    assert jobs("push", "main") == {"check", "release"}
    assert jobs("merge_request_event", "feature") == {"check", "plan"}
    assert jobs("schedule", "main") == {"check", "release", "refresh"}
    assert jobs("push", "feature") == set()
    assert repository.create_pipeline(sha).status("plan") == "not created"


def test_rules_see_what_a_push_changed(repository: Repository):
    first = repository.pushed(
        {
            CI: """
        docs: {script: echo, rules: [{changes: [docs/**]}]}
        always: {script: echo}
        """
        }
    )
    sha = repository.commit({"docs/a.md": "a"}, "Docs")
    later = repository.commit({"code.py": "1"}, "Code")
    repository.push()
    assert repository.create_pipeline(sha).status("docs") == "created"
    assert repository.create_pipeline(later).status("docs") == "not created"
    assert repository.create_pipeline(later, before=first).status("docs") == "created"
    assert repository.create_pipeline(later, "schedule").status("docs") == "created"


def test_a_failure_stops_what_comes_after_it(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        stages: [build, test, release, end]
        build: {stage: build, script: echo}
        style: {stage: test, allow_failure: true, script: exit 3}
        prove: {stage: test, script: exit 4}
        check: {stage: test, needs: [build], script: echo}
        release: {stage: release, script: echo}
        verify: {stage: end, needs: [release], script: echo}
        mend: {stage: end, when: on_failure, script: echo}
        report: {stage: end, when: always, script: echo}
        """
        }
    )
    pipeline = repository.pipeline(sha)
    assert pipeline.statuses == {
        "build": "success",
        "style": "failed",
        "prove": "failed",
        "check": "success",
        "release": "skipped",
        "verify": "skipped",
        "mend": "success",
        "report": "success",
    }
    assert not pipeline.succeeded


def test_without_a_failure_nothing_is_mended(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        stages: [test, end]
        style: {stage: test, allow_failure: true, script: exit 3}
        release: {stage: end, script: echo}
        mend: {stage: end, when: on_failure, script: echo}
        """
        }
    )
    pipeline = repository.pipeline(sha)
    assert pipeline.statuses == {"style": "failed", "release": "success", "mend": "skipped"}
    assert pipeline.succeeded


def test_a_failed_job_can_be_tried_again(repository: Repository, tmp_path: Path):
    door = tmp_path / "open"
    sha = repository.pushed(
        {
            CI: f"""
        stages: [test, release]
        prove: {{stage: test, script: "echo $CI_JOB_ID; test -e {door}"}}
        release: {{stage: release, script: echo}}
        """
        }
    )
    pipeline = repository.pipeline(sha)
    first = pipeline["prove"].printed
    assert pipeline.statuses == {"prove": "failed", "release": "skipped"}
    door.touch()
    pipeline.play("prove")
    assert pipeline.statuses == {"prove": "success", "release": "success"}
    assert pipeline["prove"].printed != first


def test_manual_jobs_wait_for_a_person(repository: Repository):
    ci = """
        stages: [staging, production, after]
        rollback: {stage: staging, when: manual, script: echo}
        staging: {stage: staging, script: date +%s%N}
        production: {stage: production, script: echo $CI_PIPELINE_IID, rules: [{when: manual}]}
        verify: {stage: after, needs: [production], script: echo}
        after: {stage: after, script: echo}
        """
    waits = {
        "rollback": "manual",
        "staging": "success",
        "production": "manual",
        "verify": "created",
        "after": "created",
    }
    released = waits | {"production": "success", "verify": "success", "after": "success"}
    sha = repository.pushed({CI: ci})

    pipeline = repository.pipeline(sha)
    assert pipeline.statuses == waits
    assert pipeline.succeeded
    staged = pipeline.log("staging")

    pipeline.play("production")
    assert pipeline.statuses == released
    assert pipeline["production"].printed == ["1"]
    assert pipeline.log("staging") == staged

    assert repository.pipeline(sha, manual=["production"]).statuses == released


def test_some_jobs_alone_take_what_they_need(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        build: {script: echo}
        prove: {needs: [build], script: echo}
        other: {script: echo}
        """
        }
    )
    statuses = repository.pipeline(sha, jobs=["prove"]).statuses
    assert statuses == {"build": "success", "prove": "success", "other": "created"}


def test_what_gitlab_refuses_is_not_created(repository: Repository):
    sha = repository.pushed({CI: "work: {script: echo, stage: late}"})
    with pytest.raises(NotCreated, match="late"):
        repository.pipeline(sha)


def test_a_pipeline_that_hangs_is_ended(repository: Repository, tmp_path: Path):
    mark = tmp_path / "survived"
    sha = repository.pushed({CI: f"work: {{script: 'sleep 2; touch {mark}'}}"})
    with pytest.raises(subprocess.TimeoutExpired):
        repository.pipeline(sha, timeout=1)
    time.sleep(1.5)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("ci", "complaint"),
    [
        ("work: {script: echo}", ""),
        ("work: {scripts: echo}", "must have script specified"),
        ("work: {script: echo, stage: late}", "late"),
        ("work: {script: echo, needs: [other]}", "other"),
        ("work: {script: echo, retry: 7}", "retry"),
        ("include: {local: away.yml}", "away.yml"),
        (
            "work: {script: echo, needs: [never]}\nnever: {script: echo, rules: [{when: never}]}",
            "never",
        ),
    ],
)
def test_lint_says_what_is_wrong(tmp_path: Path, ci: str, complaint: str):
    (tmp_path / ".gitlab-ci.yml").write_text(ci)
    said = lint(tmp_path)
    assert complaint in said
    assert bool(said) == bool(complaint)
