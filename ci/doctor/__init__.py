"""The one list of checks of an account. Each is a function of an Account that says what it saw.

To add one: write the function in the module of its group, with a docstring that says how it
should be, and name it here. It raises Problem or NotChecked otherwise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ci.client import BotoCoreError, ClientError, code_of
from ci.deployment import Deployment
from ci.doctor import access, images, running, storage
from ci.doctor.account import Account, NotChecked, Problem

OK, PROBLEM, NOT_CHECKED = "ok", "problem", "not checked"


@dataclass(frozen=True)
class Check:
    """A named check."""

    name: str
    run: Callable[[Account], str]


@dataclass(frozen=True)
class Finding:
    """What a check has found, and what to do about it."""

    name: str
    outcome: str
    sentence: str
    mend: str = ""


CHECKS: tuple[Check, ...] = (
    Check("region", access.region),
    Check("credentials", access.credentials),
    Check("stacks", access.stacks),
    Check("execution-role", access.execution_role),
    Check("pipeline-roles", access.pipeline_roles),
    Check("pointer", access.pointer),
    Check("repository", images.repository),
    Check("images", images.there),
    Check("media-type", images.media_type),
    Check("architecture", images.architecture),
    Check("label", images.label),
    Check("versions", storage.versions),
    Check("encryption", storage.encryption),
    Check("events", storage.events),
    Check("key", storage.key),
    Check("data", storage.data),
    Check("alarms", running.alarms),
    Check("rules", running.rules),
    Check("functions", running.functions),
    Check("quotas", running.quotas),
)
PLACE = (access.region, access.credentials)  # elsewhere there is nothing to look at


def examine(deployment: Deployment) -> Iterator[Finding]:
    """What every check finds; only the first ones where those say that this is another place."""
    account, astray = Account(deployment), ""
    for check in CHECKS:
        if astray:
            yield Finding(check.name, NOT_CHECKED, f"First mend: {astray}.")
            continue
        found = _examined(check, account)
        if found.outcome == PROBLEM and check.run in PLACE:
            astray = check.name
        yield found


def _examined(check: Check, account: Account) -> Finding:
    try:
        return Finding(check.name, OK, check.run(account))
    except Problem as found:
        return Finding(check.name, PROBLEM, str(found), found.mend)
    except NotChecked as found:
        return Finding(check.name, NOT_CHECKED, str(found), found.mend)
    except ClientError as error:
        said = f"AWS said {code_of(error)} to {error.operation_name}."
        return Finding(check.name, NOT_CHECKED, said, "Run it as somebody who may look.")
    except BotoCoreError as error:
        return Finding(check.name, PROBLEM, str(error), "Mend credentials, region or network.")
