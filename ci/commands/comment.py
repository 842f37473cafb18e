"""`comment`: shows plans in the merge request; a note for each job, replaced by each pipeline."""

import os
from argparse import Namespace

from ci.errors import EXIT_OK
from ci.merge_requests import MergeRequests
from ci.stacks import to_stderr

MARK = "<!-- {job} -->"


def run(options: Namespace) -> int:
    """Print the plans, and post them where GITLAB_TOKEN (a project access token) allows it.

    Raises:
        CiError: GitLab refuses the note.
    """
    text = "\n\n".join(file.read_text(encoding="utf-8").strip() for file in options.files)
    print(text)
    gitlab = MergeRequests.of_job("GITLAB_TOKEN", "Reporter")
    number = os.environ.get("CI_MERGE_REQUEST_IID")
    if not (gitlab and number):
        to_stderr("Not posted: that needs a merge request, and GITLAB_TOKEN with the api scope.")
        return EXIT_OK
    mark = MARK.format(job=os.environ.get("CI_JOB_NAME", "plan"))
    body, notes = {"body": f"{mark}\n{text}"}, f"/{number}/notes"
    known = gitlab.ask(f"{notes}?per_page=100")
    former = next((one["id"] for one in known if mark in one["body"]), 0)
    if former:
        gitlab.ask(f"{notes}/{former}", body, "PUT")
    else:
        gitlab.ask(notes, body, "POST")
    return EXIT_OK
