"""The page's web application. The only module of the bench that imports Flask."""

from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory

from local_test.aws.page import details
from local_test.aws.page.overview import overview
from local_test.aws.world import REGION, World

FILES = Path(__file__).parent / "files"
PREFIX = "/_local/page"


def application(world: World) -> Flask:
    """A WSGI application for everything below PREFIX; it only reads, by AWS' own API."""
    app = Flask("local_test.aws.page", static_folder=None)

    @app.get(f"{PREFIX}/")
    @app.get(f"{PREFIX}/<path:name>")
    def file(name: str = "index.html") -> Response:
        return send_from_directory(FILES, name)

    @app.get(f"{PREFIX}/api/overview")
    def everything() -> dict[str, Any]:
        return overview(world, _region())

    @app.get(f"{PREFIX}/api/execution")
    def execution() -> dict[str, Any]:
        return details.execution(world, _region(), request.args["arn"])

    @app.get(f"{PREFIX}/api/job")
    def job() -> dict[str, Any]:
        group, name = request.args["group"], request.args["name"]
        return {
            "log": details.job_log(world, _region(), group, name) if group else [],
            "metrics": details.job_metrics(world, _region(), name),
        }

    @app.get(f"{PREFIX}/api/endpoint")
    def endpoint() -> dict[str, Any]:
        return {"metrics": details.endpoint_metrics(world, _region(), request.args["name"])}

    return app


def _region() -> str:
    return request.args.get("region", REGION)
