"""What starts runs and watches them, and what the account lets them have."""

from ci.client import ClientError, code_of
from ci.doctor.account import Account, NotChecked, Problem
from ci.status.parts import pages

DEPLOY = "`python -m ci deploy {}` cannot see it; put it back by hand, or remove and deploy."


def alarms(account: Account) -> str:
    """The stacks' alarms are there, and none rings."""
    names = account.resources("AWS::CloudWatch::Alarm")
    found = {
        one["AlarmName"]: one
        for one in pages(
            account.environment.region,
            "cloudwatch",
            "describe_alarms",
            "MetricAlarms",
            AlarmNamePrefix=account.environment.endpoint_name,
        )
    }
    if missing := sorted(set(names) - found.keys()):
        again = DEPLOY.format(account.environment.name)
        raise Problem(f"There is no alarm {', '.join(missing)}.", again)
    ringing = [f"{n}: {one['StateReason']}" for n, one in found.items() if _rings(one)]
    if ringing:
        raise Problem(
            f"There ring {'; '.join(ringing)}",
            "Look why before a push: a release that is rolled back by an alarm of its own fails.",
        )
    return f"{len(names)} alarms are there, and none rings."


def rules(account: Account) -> str:
    """The schedule and the other rules are enabled."""
    events = account.client("events")
    names = account.resources("AWS::Events::Rule")
    off = []
    for name in names:
        try:
            state = events.describe_rule(Name=name).get("State", "ENABLED")
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            state = "gone"
        if state != "ENABLED":
            off.append((name, state))
    if off:
        raise Problem(
            f"{', '.join(f'{name} is {state}' for name, state in off)}: it starts no run.",
            f"`aws events enable-rule --name {off[0][0]}`",
        )
    return f"{len(names)} rules are enabled."


def functions(account: Account) -> str:
    """The Lambda functions are active."""
    client, names = account.client("lambda"), account.resources("AWS::Lambda::Function")
    wrong = []
    for name in names:
        try:
            found = client.get_function(FunctionName=name)["Configuration"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            wrong.append(f"{name} is gone")
            continue
        if found.get("State", "Active") not in ("Active", "Inactive"):
            wrong.append(f"{name} is {found['State']}: {found.get('StateReason', '')}")
        elif found.get("LastUpdateStatus") == "Failed":
            wrong.append(f"the update of {name} failed: {found['LastUpdateStatusReason']}")
    if wrong:
        again = f"Remove the stack, and `python -m ci deploy {account.environment.name}` makes it."
        raise Problem(f"{'; '.join(wrong)}.", again)
    return f"{len(names)} functions are active."


def quotas(account: Account) -> str:
    """The account may have as many instances as training and the endpoint want."""
    wanted = _wanted(account)
    try:
        listed = pages(
            account.environment.region,
            "service-quotas",
            "list_service_quotas",
            "Quotas",
            ServiceCode="sagemaker",
        )
        found = {one["QuotaName"]: one["Value"] for one in listed}
    except ClientError as error:
        raise NotChecked(
            f"AWS said {code_of(error)} to ListServiceQuotas.",
            f"Look at Service Quotas in the console: {', '.join(wanted)}.",
        ) from None
    little = [
        f"{name} is {found[name]:g} of {count}"
        for name, count in wanted.items()
        if name in found and found[name] < count
    ]
    if little:
        raise Problem(
            f"The quota {'; '.join(little)}.",
            "Ask for more in Service Quotas, or choose another instance type. It takes days.",
        )
    if unknown := [name for name in wanted if name not in found]:
        raise NotChecked(f"The account lists no quota {', '.join(unknown)}.")
    return f"{len(wanted)} quotas are enough."


def _wanted(account: Account) -> dict[str, int]:
    """Quota → how many instances; a blue/green update has both fleets at once."""
    environment = account.environment
    training, endpoint = environment.training, environment.endpoint
    kind = "spot training job" if training.spot else "training job"
    jobs = environment.tuning.parallel_jobs if environment.tuning.enabled else 1
    wanted = {
        f"{training.instance_type} for {kind} usage": training.instance_count * jobs,
        f"{environment.evaluation.instance_type} for processing job usage": 2,
    }
    if not endpoint.serverless:
        most = max(endpoint.instance_count, environment.scaling.maximum)
        fleets = 1 if environment.deployment.policy == "rolling" else 2
        wanted[f"{endpoint.instance_type} for endpoint usage"] = most * fleets
    return wanted


def _rings(alarm: dict) -> bool:
    return alarm["StateValue"] == "ALARM"
