"""Deploys: what they would change is told before, what is refused changes nothing."""

import json
import shutil
from pathlib import Path

import pytest

from local_test.aws.server import LocalAws
from tests.ci.developer import Developer
from tests.ci.environment_of_shop import PROJECT

Edit = tuple[str, str, str]
TEMPLATE = "ci/infra/retraining.yaml"
BROKEN = {
    "no YAML": ("Resources:\n", "Resources: [\n", "not well-formed"),
    "a name that nothing has": ("!GetAtt StepRole.Arn", "!GetAtt StepRoll.Arn", "StepRoll"),
}


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """A shop whose clone has ci of its own, so that its templates can be changed."""
    shop = Developer(local, tmp_path_factory.mktemp("shop"))
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "ci", shop.clone / "ci", ignore=ignored)
    shop.commit(message="ci of its own")
    return shop


def stacks(shop: Developer) -> dict[str, tuple[str, str]]:
    """Name → status and template of every stack that there is."""
    cloudformation = shop.client("cloudformation")
    return {
        one["StackName"]: (
            one["StackStatus"],
            str(cloudformation.get_template(StackName=one["StackName"])["TemplateBody"]),
        )
        for one in cloudformation.describe_stacks()["Stacks"]
    }


def change_sets(shop: Developer) -> list[str]:
    found = shop.client("cloudformation").list_change_sets(StackName=f"{shop.endpoint}-retraining")
    return [one["ChangeSetName"] for one in found["Summaries"] if one["Status"] != "FAILED"]


def rehearsed(shop: Developer) -> dict[str, list[str]]:
    """Stack → what would change."""
    told = json.loads(shop.does("deploy", "--dry-run", "--json"))
    return {one["stack"].rpartition("-")[2]: one["changes"] for one in told}


def test_before_the_first_deploy_everything_is_made(shop: Developer) -> None:
    said = shop.does("deploy", "--dry-run")
    assert "make Artifacts (S3::Bucket)\n" in said
    assert "make Schedule (Events::Rule), if HasSchedule\n" in said
    assert "ArtifactBucket comes from a stack that is deployed before." in said
    assert stacks(shop) == {}
    assert shop.client("s3").list_buckets()["Buckets"] == []


def test_what_is_deployed_needs_no_change(shop: Developer) -> None:
    shop.does("deploy")
    before = change_sets(shop)
    assert set(map(tuple, rehearsed(shop).values())) == {()}
    assert shop.does("deploy", "--dry-run").count("nothing to change") == 3
    assert change_sets(shop) == before


def test_a_changed_property_is_named_and_not_changed(shop: Developer, tmp_path: Path) -> None:
    before = stacks(shop)
    shop.replace(TEMPLATE, "MemorySize: 512", "MemorySize: 1024")
    assert rehearsed(shop) == {
        "foundation": [],
        "retraining": ["change StepFunction (Lambda::Function): MemorySize"],
        "monitoring": [],
    }
    shop.does("deploy", "--dry-run", "--markdown", str(tmp_path / "stacks.md"))
    written = (tmp_path / "stacks.md").read_text()
    assert written.startswith("### test: the stacks change\n")
    assert "change StepFunction (Lambda::Function): MemorySize" in written
    assert stacks(shop) == before
    shop.git("checkout", "--quiet", "--", "ci")


def test_changed_code_changes_the_functions_because_of_its_key(shop: Developer) -> None:
    shop.add_line("ci/handler.py", "# another line")
    assert rehearsed(shop)["retraining"] == [
        "change StepFunction (Lambda::Function): Code, because CodeKey changed",
        "change TriggerFunction (Lambda::Function): Code, because CodeKey changed",
    ]
    shop.git("checkout", "--quiet", "--", "ci")


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            (TEMPLATE, "KeySchema: [{AttributeName: name,", "KeySchema: [{AttributeName: called,"),
            "REPLACE Locks (DynamoDB::Table): KeySchema; WHAT IS IN IT IS LOST",
        ),
        (
            (
                "ci/infra/foundation.yaml",
                'RepositoryName: !Sub "${ProjectName}-${EnvironmentName}"',
                'RepositoryName: !Sub "${ProjectName}-${EnvironmentName}-images"',
            ),
            "REPLACE Images (ECR::Repository): RepositoryName; the old one stays",
        ),
    ],
    ids=["lost", "kept"],
)
def test_a_replacement_says_what_becomes_of_the_contents(
    shop: Developer, edit: Edit, sentence: str
) -> None:
    shop.replace(*edit)
    said = shop.does("deploy", "--dry-run")
    shop.git("checkout", "--quiet", "--", "ci")
    assert sentence in said


def test_a_removed_resource_is_told(shop: Developer) -> None:
    """And a template's parameter that comes from an output that is not there yet is noted."""
    text = (shop.clone / TEMPLATE).read_text()
    start, end = text.index("  RunsTimedOut:\n"), text.index("  LettersWait:\n")
    shop.edit({TEMPLATE: text[:start] + text[end:]})
    shop.replace(
        TEMPLATE, "  KeyArn: {Type: String}\n", "  KeyArn: {Type: String}\n  New: {Type: String}\n"
    )
    told = json.loads(shop.does("deploy", "--dry-run", "--json"))[1]
    shop.git("checkout", "--quiet", "--", "ci")
    assert told["changes"] == ["remove RunsTimedOut (CloudWatch::Alarm)"]
    assert told["notes"] == ["New comes from a stack that is deployed before."]


@pytest.mark.parametrize("command", [("deploy",), ("deploy", "--dry-run")], ids=" ".join)
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_template_is_refused_and_changes_nothing(
    shop: Developer, fault: str, command: tuple[str, ...]
) -> None:
    old, new, why = BROKEN[fault]
    before, sets = stacks(shop), change_sets(shop)
    shop.replace(TEMPLATE, old, new)
    done = shop.ci(*command)
    shop.git("checkout", "--quiet", "--", "ci")
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert (stacks(shop), change_sets(shop)) == (before, sets)


@pytest.mark.parametrize("key", ["code/none.zip", "code/gone.zip"])
def test_a_deploy_that_fails_is_undone_and_says_why_this_time(shop: Developer, key: str) -> None:
    before = stacks(shop)
    code = (
        "Code: {S3Bucket: !Ref ArtifactBucket, S3Key: !Ref CodeKey}\n      Role: !GetAtt StepRole"
    )
    shop.replace(TEMPLATE, code, code.replace("!Ref CodeKey", key))
    done = shop.ci("deploy")
    shop.git("checkout", "--quiet", "--", "ci")
    assert done.returncode == 1
    assert key in done.stderr
    after = stacks(shop)[f"{shop.endpoint}-retraining"]
    assert after == ("UPDATE_ROLLBACK_COMPLETE", before[f"{shop.endpoint}-retraining"][1])
    assert set(map(tuple, rehearsed(shop).values())) == {()}
