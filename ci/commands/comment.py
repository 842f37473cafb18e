"""`comment`: shows plans in the merge request; a note for each job, replaced by each pipeline."""

import json
import os
import urllib.error
import urllib.request
from argparse import Namespace
from typing import Any

from ci.errors import EXIT_OK, CiError
from ci.stacks import to_stderr

MARK = "<!-- {job} -->"
NEEDED = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID")
SECONDS = 30


def run(options: Namespace) -> int:
    """Print the plans, and post them where GITLAB_TOKEN (a project access token) allows it.

    Raises:
        CiError: GitLab refuses the note.
    """
    text = "\n\n".join(file.read_text(encoding="utf-8").strip() for file in options.files)
    print(text)
    token = os.environ.get("GITLAB_TOKEN", "")
    if not token or not all(os.environ.get(name) for name in NEEDED):
        to_stderr("Not posted: that needs a merge request, and GITLAB_TOKEN with the api scope.")
        return EXIT_OK
    url, project, request = (os.environ[name] for name in NEEDED)
    notes = f"{url}/projects/{project}/merge_requests/{request}/notes"
    mark = MARK.format(job=os.environ.get("CI_JOB_NAME", "plan"))
    body = {"body": f"{mark}\n{text}"}
    former = next((n["id"] for n in _asked(f"{notes}?per_page=100", token) if mark in n["body"]), 0)
    if former:
        _asked(f"{notes}/{former}", token, body, "PUT")
    else:
        _asked(notes, token, body, "POST")
    return EXIT_OK


def _asked(url: str, token: str, body: dict[str, str] | None = None, method: str = "GET") -> Any:
    request = urllib.request.Request(  # noqa: S310 (GitLab's own address)
        url,
        json.dumps(body).encode() if body else None,
        {"PRIVATE-TOKEN": token, "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise CiError(
            f"GitLab refuses the note with {error.code}: GITLAB_TOKEN must be a project access "
            "token with the scope api and at least the role Reporter."
        ) from None
    except OSError as error:
        raise CiError(f"GitLab cannot be reached at {url}: {error}.") from None
