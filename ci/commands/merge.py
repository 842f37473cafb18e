"""`merge`: merges a tested merge request by itself, where the environment says so.

It runs on the protected branch, by schedule, because its token may write there: a job of a merge
request runs what anybody has written, and must not see it.
"""

import os
from argparse import Namespace
from typing import Any

from ci.environment import read_environment
from ci.errors import EXIT_OK, CiError
from ci.merge_requests import MergeRequests
from ci.stacks import to_stderr

TOKEN = "MERGE_TOKEN"  # noqa: S105 (the variable's name)


def run(options: Namespace) -> int:
    """Merge the oldest one that is tested and that GitLab lets pass; the next run takes another.

    Raises:
        CiError: there is no token, or GitLab refuses.
    """
    environment = read_environment(options.environment)
    if environment.review.merge != "tested":
        to_stderr(f'People merge what goes to {environment.name} ([review] merge = "manual").')
        return EXIT_OK
    gitlab = MergeRequests.of_job(TOKEN, "Maintainer")
    if gitlab is None:
        raise CiError(
            f'[review] merge = "tested" needs {TOKEN} in a job of GitLab: a project access token '
            "with the scope api and the role Maintainer, as a protected and masked variable."
        )
    branch = os.environ.get("CI_DEFAULT_BRANCH", "main")
    listed = (
        f"?state=opened&wip=no&target_branch={branch}&order_by=created_at&sort=asc&per_page=100"
    )
    for number in [one["iid"] for one in gitlab.ask(listed)]:
        one = gitlab.ask(f"/{number}")
        if why := _why_not(one):
            print(f"!{number} stays open: {why}.")
            continue
        gitlab.ask(f"/{number}/merge", {"sha": one["sha"]}, "PUT")
        print(f"!{number} is merged at {one['sha'][:8]}: {one['title']}")
        return EXIT_OK
    print("Nothing is merged.")
    return EXIT_OK


def _why_not(one: dict[str, Any]) -> str:
    """Why it is not merged; empty when it may be."""
    pipeline = one.get("head_pipeline") or {}
    if one["source_project_id"] != one["target_project_id"]:
        return "it comes from another project"
    if pipeline.get("sha") != one["sha"]:
        return "its newest commit has no pipeline yet"
    if pipeline["status"] != "success":
        return f"the pipeline of its newest commit is {pipeline['status']}"
    if one["detailed_merge_status"] != "mergeable":
        return f"GitLab says {one['detailed_merge_status']}"
    return ""
