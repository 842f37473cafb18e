"""What a job has in the GitLab of our tests: files, variables, packages, locks, templates."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ci.gitlab import Repository
from tests.ci.gitlab_pipeline import Pipeline

pytestmark = [pytest.mark.gitlab, pytest.mark.usefixtures("gitlab_ci_local")]
CI = ".gitlab-ci.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, {"README.md": "An algorithm"})


def test_artifacts_and_dotenv_reach_the_jobs_that_may_have_them(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        stages: [build, test]
        build plan:
          stage: build
          script:
            - mkdir -p out && echo "release it" > out/plan.txt && echo scrap > out/scrap
            - echo DIGEST=sha256:12 > plan.env
          artifacts: {paths: [out/plan.txt], reports: {dotenv: plan.env}}
        follow: {stage: test, script: 'cat out/plan.txt; ls out; echo "at $DIGEST"'}
        apart: {stage: test, needs: [], script: 'ls; echo "at $DIGEST"'}
        """
        }
    )
    pipeline = repository.pipeline(sha)
    assert pipeline["follow"].printed == ["release it", "plan.txt", "at sha256:12"]
    assert pipeline["apart"].printed == ["README.md", "at "]
    artifacts = pipeline["build plan"].artifacts
    assert (artifacts / "out" / "plan.txt").read_text() == "release it\n"
    assert not (artifacts / "out" / "scrap").exists()


SHOWN = "CI_PIPELINE_SOURCE CI_COMMIT_BRANCH CI_COMMIT_BEFORE_SHA CI_MERGE_REQUEST_DIFF_BASE_SHA"
SHOW = "show: {script: 'for name in %s; do echo \"$name ${!name-unset}\"; done'}"


def shown(pipeline: Pipeline) -> dict[str, str]:
    pipeline.play()
    return dict(line.split(" ", 1) for line in pipeline["show"].printed)


def test_gitlabs_own_variables_arrive(repository: Repository):
    first = repository.pushed({CI: SHOW % SHOWN})
    second = repository.commit({"a.txt": "a"}, "More")
    repository.push()
    repository.git("switch", "--quiet", "--create", "feature", first)
    proposed = repository.commit({"b.txt": "b"}, "A feature")
    repository.push()

    def of(sha: str, *how: str) -> Mapping[str, str]:
        return shown(repository.create_pipeline(sha, *how))

    assert of(second) == {
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_BEFORE_SHA": first,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "unset",
    }
    assert of(proposed, "merge_request_event", "feature") == {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_BRANCH": "unset",
        "CI_COMMIT_BEFORE_SHA": "0" * 40,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": first,
    }


def test_numbers_count_up_and_the_commit_is_checked_out(repository: Repository):
    ci = SHOW % "CI_PIPELINE_IID CI_PIPELINE_ID CI_JOB_ID CI_PROJECT_PATH PWD"
    sha = repository.pushed({CI: ci})
    older, newer = (shown(repository.create_pipeline(sha)) for _ in range(2))
    assert older["CI_PROJECT_PATH"] == "team/algorithm"
    for number in ("CI_PIPELINE_IID", "CI_PIPELINE_ID", "CI_JOB_ID"):
        assert int(older[number]) < int(newer[number])
    assert (Path(older["PWD"]) / CI).read_text() == ci


def test_an_older_commit_runs_while_main_is_ahead(repository: Repository):
    sha = repository.pushed({CI: "show: {script: git rev-parse HEAD origin/main}"})
    tip = repository.commit({"a.txt": "a"}, "More")
    repository.push()
    assert repository.pipeline(sha)["show"].printed == [sha, tip]


def test_given_variables_win_and_secrets_stay_out_of_logs(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-developer")
    sha = repository.pushed(
        {
            CI: """
        variables: {AWS_ENDPOINT_URL: https://sts.amazonaws.com}
        call: {script: 'echo $AWS_ENDPOINT_URL; test "$TOKEN"; echo [$AWS_SECRET_ACCESS_KEY]'}
        tell: {script: 'echo "$TOKEN"'}
        """
        }
    )
    secret = "se'cr\"et = x"
    given = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "TOKEN": secret}
    pipeline = repository.pipeline(sha, variables=given)
    assert pipeline["call"].printed == ["http://127.0.0.1:1", "[]"]
    assert pipeline["tell"].printed == [secret]
    assert pipeline.output.count(secret) == 1
    assert "of-the-developer" not in pipeline.output


def test_jobs_have_the_projects_packages_and_keep_what_they_install(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        use:
          image: python:3.11
          services: ["docker:dind"]
          script:
            - pip --version
            - python -c 'import boto3, sysconfig; print(sysconfig.get_path("purelib"))'
        """
        }
    )
    pip, packages = repository.pipeline(sha)["use"].printed
    assert pip.startswith("pip ")
    assert Path(packages).is_relative_to(repository.place)


def test_two_pipelines_run_at_once(repository: Repository):
    sha = repository.pushed({CI: "work: {script: 'date +%s%N; sleep 1; date +%s%N'}"})
    (one, two) = at_once(repository, sha)
    assert one[0] < two[1]
    assert two[0] < one[1]


def test_jobs_of_a_resource_group_run_one_after_the_other(repository: Repository):
    sha = repository.pushed(
        {
            CI: """
        work:
          environment: staging
          resource_group: endpoint/$CI_ENVIRONMENT_NAME
          script: "date +%s%N; sleep 0.5; date +%s%N"
        """
        }
    )
    one, two = sorted(at_once(repository, sha))
    assert one[1] < two[0]


def at_once(repository: Repository, sha: str) -> list[list[int]]:
    """When the job `work` began and ended in each of two pipelines."""
    with ThreadPoolExecutor(2) as pool:
        pipelines = list(pool.map(repository.pipeline, [sha, sha]))
    assert all(pipeline.succeeded for pipeline in pipelines)
    return [[int(line) for line in pipeline["work"].printed] for pipeline in pipelines]


TEMPLATE = """\
spec:
  inputs:
    algorithm: {type: string}
    automatic: {type: boolean, default: false}
---
"release $[[ inputs.algorithm ]]":
  script: echo "$[[ inputs.algorithm ]] $[[ inputs.automatic ]]"
"""
INPUTS = "inputs: {algorithm: prices, automatic: true}"


@pytest.mark.parametrize(
    "include",
    [
        "local: templates/algorithm.yml",
        "project: platform/framework, file: templates/algorithm.yml, ref: v1",
        "project: platform/framework, file: templates/algorithm.yml, ref: LATER",
        "component: gitlab.example/platform/framework/algorithm@v1",
        "component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/algorithm@$CI_COMMIT_SHA",
    ],
)
def test_a_template_is_included_with_inputs(repository: Repository, include: str):
    files = {"templates/algorithm.yml": TEMPLATE}
    framework = Repository(repository.place, files, "platform/framework")
    framework.git("tag", "v1")
    framework.git("push", "--quiet", "--tags")
    files["templates/algorithm.yml"] += "  tags: [later]\n"
    later = framework.pushed(files)
    ci = f"include: [{{{include.replace('LATER', later)}, {INPUTS}}}]"
    own = {} if "platform" in include else files
    sha = repository.pushed({CI: ci, **own})
    assert repository.pipeline(sha)["release prices"].printed == ["prices true"]
