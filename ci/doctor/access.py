"""Who this is, where, and who may take which role."""

from typing import Any
from urllib.parse import urlsplit

from ci.client import ClientError, regions
from ci.deployment import STACKS
from ci.doctor.account import Account, NotChecked, Problem

READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
DEPLOY = "`python -m ci deploy {}`"


def credentials(account: Account) -> str:
    """The credentials are of the account that the environment file names."""
    found = account.client("sts").get_caller_identity()
    wanted = account.environment.account
    if not wanted:
        raise NotChecked(
            f"These are {found['Arn']}, and the file names no account.",
            f'Write account = "{found["Account"]}" into {account.deployment.file}, so that nobody '
            "deploys elsewhere by mistake.",
        )
    if found["Account"] != wanted:
        raise Problem(
            f"These are {found['Arn']}, and the file names account {wanted}.",
            f"Use credentials of {wanted}, or mend {account.deployment.file}.",
        )
    return f"These are {found['Arn']}."


def region(account: Account) -> str:
    """SageMaker is in the region."""
    name = account.environment.region
    if name not in regions("sagemaker"):
        near = ", ".join(one for one in regions("sagemaker") if one[:2] == name[:2])
        raise Problem(
            f"This boto3 knows no SageMaker in {name}.",
            f"Mend region in {account.deployment.file}; near are {near or 'none'}.",
        )
    return f"SageMaker is in {name}."


def stacks(account: Account) -> str:
    """The three stacks are there and whole."""
    deploy = DEPLOY.format(account.environment.name)
    if missing := [stack for stack in STACKS if stack not in account.stacks]:
        raise Problem(
            f"There is no stack {', '.join(map(account.deployment.stack_name, missing))}.",
            f"An administrator makes all of them with {deploy}.",
        )
    states = {one["StackName"]: one["StackStatus"] for one in account.stacks.values()}
    if broken := [f"{name} is {state}" for name, state in states.items() if state not in READY]:
        raise Problem(
            f"{'; '.join(broken)}.", f"Wait until it is at rest, then {deploy} mends or remakes it."
        )
    return "All three are there."


def execution_role(account: Account) -> str:
    """SageMaker can assume the execution role."""
    name = account.output("foundation", "ExecutionRoleArn").rpartition("/")[2]
    role = _role(account, name)
    if not any(_service(one) == "sagemaker.amazonaws.com" for one in _statements(role)):
        raise Problem(
            f"{name} does not trust sagemaker.amazonaws.com.",
            f"Put its trust policy back with {DEPLOY.format(account.environment.name)} after "
            "undoing the change by hand; `python -m ci status` names who made it.",
        )
    return f"SageMaker may assume {name}."


def pipeline_roles(account: Account) -> str:
    """The roles of pipelines trust the right provider, project and branch."""
    access = account.environment.access
    if not access.gitlab_project:
        raise NotChecked(
            "The file names no project, so pipelines have no roles.",
            f"Set [access] gitlab_project in {account.deployment.file}, and deploy.",
        )
    roles = {name: _role(account, name) for name in account.resources("AWS::IAM::Role")}
    trusted = {
        name: statement
        for name, role in roles.items()
        for statement in _statements(role)
        if "Federated" in statement["Principal"]
    }
    deploy = f"Deploy the foundation as an administrator: {DEPLOY.format(account.environment.name)}"
    if not trusted:
        raise Problem("No role trusts pipelines.", f"{deploy}.")
    wrong = [f"{name} {why}" for name, one in trusted.items() if (why := _wrong(account, one))]
    if wrong:
        raise Problem(f"{'; '.join(wrong)}.", f"{deploy}.")
    known = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    providers = {one["Arn"] for one in known}
    lost = {one["Principal"]["Federated"] for one in trusted.values()} - providers
    if lost:
        raise Problem(f"There is no provider {', '.join(sorted(lost))}.", f"{deploy}.")
    return f"{len(trusted)} roles trust {access.gitlab_project}."


def pointer(account: Account) -> str:
    """The training pointer is there."""
    name = account.output("retraining", "PointerParameter")
    try:
        image = account.pointed()
    except ClientError as error:
        if "ParameterNotFound" not in str(error):
            raise
        raise Problem(
            f"There is no parameter {name}.",
            f"Make it: `aws ssm put-parameter --type String --value none --name {name}`.",
        ) from None
    return f"It is at {image}." if image else "It is at nothing yet: the first push moves it."


def _wrong(account: Account, statement: dict[str, Any]) -> str:
    """What a role's trust says otherwise than the file."""
    access = account.environment.access
    host = urlsplit(access.gitlab_url).netloc
    provider = statement["Principal"]["Federated"]
    if not provider.endswith(f"/{host}"):
        return f"trusts {provider}, which is not of {host}"
    conditions = {
        key: [value] if isinstance(value, str) else value
        for one in statement.get("Condition", {}).values()
        for key, value in one.items()
    }
    subjects = conditions.get(f"{host}:sub", [])
    if not subjects:
        return f"trusts every project of {host}"
    for one in subjects:
        if not one.startswith(f"project_path:{access.gitlab_project}:"):
            return f"trusts {one}, and the project is {access.gitlab_project}"
        branch = one.rpartition(":ref:")[2]
        if "*" not in branch and branch != access.protected_ref:
            return f"trusts the branch {branch}, and the protected one is {access.protected_ref}"
    return ""


def _role(account: Account, name: str) -> dict[str, Any]:
    try:
        return account.client("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if "NoSuchEntity" not in str(error):
            raise
        raise Problem(
            f"The role {name} was deleted beside its stack.",
            "Delete the stack's change by hand, or remove and deploy the stack anew.",
        ) from None


def _statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    given = role["AssumeRolePolicyDocument"]["Statement"]
    return [given] if isinstance(given, dict) else given


def _service(statement: dict[str, Any]) -> str:
    allowed = statement["Effect"] == "Allow"
    return statement["Principal"].get("Service", "") if allowed else ""
