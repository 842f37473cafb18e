"""The jobs of the shop's pipelines, run once: who made which calls, and the roles that exist."""

from functools import cached_property
from pathlib import Path

from local_test.aws import images
from local_test.aws.server import LocalAws
from tests.ci import calls, policy
from tests.ci.calls import PULL, PUSH, RECORDER, Account, Call
from tests.ci.developer import Developer
from tests.ci.environment_of_shop import PROJECT
from tests.ci.simulation import Request, Role

GITLAB = "https://gitlab.com"
PROJECT_PATH = "team/shop"
MERGE_REQUEST, MAIN, RELEASE = "MergeRequestRole", "MainRole", "ReleaseRole"
STACK = "StackRole"
PLANS = ("plan.json", "plan.md")
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
ACCESS = f"""[access]
gitlab_project = "{PROJECT_PATH}"
oidc_provider = "{PROVIDER}"
[scaling]
minimum = 2
maximum = 4
"""
LARGER = ("instance_count = 2", 'instance_type = "ml.m5.xlarge"\ninstance_count = 3')


class Pipelines:
    """Three pushes of a shop, and a rollback; a person has deployed the stacks before.

    Attributes:
        said: all that the jobs have printed.
    """

    def __init__(self, aws: LocalAws, place: Path, **settings: str):
        self.shop = Developer(aws, place)
        self.said = ""
        self._place = place
        self._settings_of_jobs = settings
        self._roles: dict[str, dict[str, Role]] = {}
        self._access = ("[triggers]", f"{ACCESS}[triggers]")
        self.shop.configure(self._access)
        self.shop.upload("train", 40, seed=1)
        self.shop.upload("test", 60, seed=2)
        self._everything()
        self._predictor()
        self._settings()
        self._do(RELEASE, "rollback")
        self._do(MAIN, "history")

    def calls(self, role: str) -> list[Call]:
        """What the jobs of a role have called."""
        return calls.read(self._file(role))

    def requests(self, role: str) -> list[Request]:
        """What IAM is asked when the jobs of a role run, on bad days, too."""
        known = [one for call in self.calls(role) for one in self.account.requests(call)]
        return [*known, *self._by_docker(role), *self._on_bad_days(role)]

    @cached_property
    def account(self) -> Account:
        key = self.shop.outputs("foundation")["KeyArn"]
        return Account(key.split(":")[4], self.shop.region, key)

    def role(self, stack: str, name: str) -> Role:
        """A role that a stack has made."""
        return self.roles(stack)[name]

    def roles(self, stack: str) -> dict[str, Role]:
        """All of them."""
        if stack not in self._roles:
            iam, resources = self.shop.client("iam"), self.resources(stack)
            template = policy.read(PROJECT / f"ci/infra/{stack}.yaml")
            self._roles[stack] = {
                name: Role.of_stack(
                    iam, physical, [resources[one] for one in policy.shared_by(template, name)]
                )
                for name, physical in resources.items()
                if name.endswith("Role")
            }
        return self._roles[stack]

    def resources(self, stack: str) -> dict[str, str]:
        """Logical → physical name."""
        found = self.shop.client("cloudformation").describe_stack_resources(
            StackName=f"{self.shop.endpoint}-{stack}"
        )["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def _everything(self) -> None:
        self._plan()
        image = self._published()
        self._do(MAIN, "point", image, "--description", str(self._description))
        self._do(RELEASE, "deploy")
        self._do(RELEASE, "release")
        self._do(MAIN, "run")

    def _predictor(self) -> None:
        self.shop.add_line("container/predictor.py", "# a better answer")
        self.shop.commit()
        self._plan()
        self._published()
        self._do(RELEASE, "release")

    def _settings(self) -> None:
        self.shop.write(self._access, LARGER)
        self._plan()
        self._do(RELEASE, "deploy")
        self._do(RELEASE, "release")

    def _published(self) -> str:
        """The image is registered, not pushed: that takes an engine."""
        identity = self.shop.does("plan", "--json").partition('"identity": "')[2].partition('"')[0]
        repository = self.shop.outputs("foundation")["RepositoryName"]
        source = self.shop.clone / "container"
        tag = f"ci-{identity}"
        image = images.register(self.shop.world, source, repository, tag, self.shop.region)
        self._description.write_text(self.shop.described())
        self._do(MAIN, "publish", "--image", image, "--description", str(self._description))
        self._do(MAIN, "publish")
        return image

    def _do(self, role: str, *arguments: str) -> None:
        done = self.shop.ci(
            *arguments,
            PYTHONPATH=f"{RECORDER}:{PROJECT}",
            RECORDED_CALLS=str(self._file(role)),
            **self._settings_of_jobs,
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == 0, self.said

    def plans(self) -> str:
        """What `plan` has written to files."""
        return "".join((self._place / name).read_text() for name in PLANS)

    def _plan(self) -> None:
        json, markdown = (str(self._place / name) for name in PLANS)
        self._do(MERGE_REQUEST, "plan", "--output", json, "--markdown", markdown)
        self._do(MERGE_REQUEST, "deploy", "--dry-run")

    def _file(self, role: str) -> Path:
        return self._place / f"{role}.jsonl"

    @property
    def _description(self) -> Path:
        return self._place / "description.json"

    def _by_docker(self, role: str) -> list[Request]:
        """What docker asks ECR for, in builds, pushes and proofs."""
        actions = PULL if role == MERGE_REQUEST else (*PULL, *PUSH)
        names = [self.resources("foundation")[name] for name in ("Images", "BuildCache")]
        return [
            Request("ecr:GetAuthorizationToken", "*"),
            *(
                Request(action, self.account.arn("ecr", f"repository/{name}"))
                for action in actions
                for name in names
            ),
        ]

    def _on_bad_days(self, role: str) -> list[Request]:
        """What a clean run does not call; and the promotion of an image, which takes an engine."""
        stacks = [
            self.account.arn("cloudformation", f"stack/{self.shop.endpoint}-{stack}/0c1d")
            for stack in ("foundation", "retraining", "monitoring")
        ]
        if role == MERGE_REQUEST:
            bucket = self.account.arn("s3", self.shop.bucket)
            return [
                Request("cloudformation:GetTemplateSummary", "*"),
                Request("s3:ListBucket", bucket),
            ]
        if role == MAIN:
            return []
        execution = f"execution:{self.shop.endpoint}-retraining:first"
        return [
            *(Request("cloudformation:DescribeStackEvents", one) for one in stacks),
            Request("states:DescribeExecution", self.account.arn("states", execution)),
            *(
                Request(action, self.account.arn("ecr", "repository/shop-staging"))
                for action in (*PULL, "ecr:DescribeImages", "ecr:DescribeRepositories")
            ),
            *(
                Request("cloudformation:DescribeStacks", self.account.arn("cloudformation", one))
                for one in (
                    "stack/shop-staging-foundation/0c1d",
                    "stack/shop-staging-retraining/0c1d",
                )
            ),
            Request(
                "dynamodb:GetItem",
                self.account.arn("dynamodb", "table/shop-staging-retraining-Locks-0C1D"),
                {"dynamodb:LeadingKeys": ["rejected/sha256:0c1d"]},
            ),
            Request(
                "kms:Decrypt",
                self.account.arn("kms", "key/of-staging"),
                {"kms:ViaService": f"dynamodb.{self.shop.region}.amazonaws.com"},
            ),
        ]
