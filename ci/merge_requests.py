"""Merge requests of the project whose pipeline runs, by GitLab's API."""

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from ci.errors import CiError

SECONDS = 30
NOT_ALLOWED = (401, 403, 404)


@dataclass(frozen=True)
class MergeRequests:
    """What a token lets one see and do.

    Attributes:
        project: the project's URL in the API.
        variable: the token's name among the variables of the job.
        role: which the token needs.
    """

    project: str
    variable: str
    role: str

    @classmethod
    def of_job(cls, variable: str, role: str) -> "MergeRequests | None":
        """Of the job that runs here; None outside of GitLab, or without the token."""
        url, project = os.environ.get("CI_API_V4_URL"), os.environ.get("CI_PROJECT_ID")
        if not (url and project and os.environ.get(variable)):
            return None
        return cls(f"{url}/projects/{project}", variable, role)

    def ask(self, path: str, body: dict[str, str] | None = None, method: str = "GET") -> Any:
        """GitLab's answer to a call below ``merge_requests``.

        Raises:
            CiError: it refuses, or cannot be reached.
        """
        url = f"{self.project}/merge_requests{path}"
        request = urllib.request.Request(  # noqa: S310 (GitLab's own address)
            url,
            json.dumps(body).encode() if body else None,
            {"PRIVATE-TOKEN": os.environ[self.variable], "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            advice = (
                f"{self.variable} must be a project access token with the scope api and at least "
                f"the role {self.role}."
            )
            told = advice if error.code in NOT_ALLOWED else "Run the job again."
            raise CiError(f"GitLab refuses {method} {url} with {error.code}. {told}") from None
        except OSError as error:
            raise CiError(f"GitLab cannot be reached at {url}: {error}.") from None
