"""The page's web application. The only module of the bench that imports Flask."""

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from flask import Flask, Response, abort, request, send_from_directory
from werkzeug.exceptions import HTTPException, NotFound

from local_test.aws.page import details
from local_test.aws.page.jobs import JOBS
from local_test.aws.page.overview import overview
from local_test.aws.service_models import regions
from local_test.aws.world import World

FILES = Path(__file__).parent / "files"
PREFIX = "/_local/page"
HEADERS = {  # nothing from elsewhere, no script but ours, always the newest
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def application(world: World) -> Flask:
    """A WSGI application for everything below PREFIX; it only reads, by AWS' own API."""
    app = Flask("local_test.aws.page", static_folder=None)

    @app.get(f"{PREFIX}/")
    @app.get(f"{PREFIX}/<path:name>")
    def file(name: str = "index.html") -> Response:
        return send_from_directory(FILES, name)

    @app.get(f"{PREFIX}/api/overview")
    def everything() -> dict[str, Any]:
        return overview(world, _region() if request.args.get("region") else "")

    @app.get(f"{PREFIX}/api/execution")
    def execution() -> dict[str, Any]:
        return details.execution(world, _region(), request.args["arn"])

    @app.get(f"{PREFIX}/api/job")
    def job() -> dict[str, Any]:
        kind = request.args["type"]
        if kind not in JOBS:
            abort(404, f"There are no {kind!r} jobs; there are {', '.join(JOBS)}.")
        return details.job(world, _region(), kind, request.args["name"])

    @app.get(f"{PREFIX}/api/endpoint")
    def endpoint() -> dict[str, Any]:
        hours = request.args.get("hours", 0, type=int)
        return details.endpoint(world, _region(), request.args["name"], hours)

    @app.get(f"{PREFIX}/api/alarm")
    def alarm() -> dict[str, Any]:
        return details.alarm(world, _region(), request.args["name"])

    @app.errorhandler(NotFound)
    def nothing_there(error: NotFound) -> tuple[dict[str, Any], int]:
        told = error.description if error.description != NotFound.description else ""
        return {"error": told or f"There is no {request.path} here."}, 404

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[dict[str, Any], int | None]:
        return {"error": error.description}, error.code

    @app.errorhandler(ClientError)
    def unknown(error: ClientError) -> tuple[dict[str, Any], int]:
        ours = error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        return {"error": error.response["Error"]["Message"]}, 500 if ours else 404

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    return app


def _region() -> str:
    region = request.args["region"]
    if region not in regions("sagemaker"):
        abort(404, f"There is no region {region!r}.")
    return region
