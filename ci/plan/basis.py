"""What an environment has now: its endpoint, and the images that a commit is compared with."""

from typing import Any

from ci.client import ClientError, saying
from ci.deployment import Deployment
from ci.plan.content import Content
from ci.plan.decision import Basis, Known
from ci.plan.settings import changed_settings
from ci.requests import Model
from ci.steps.begin import NOTHING
from ci.steps.live import look
from ci.steps.setting import Setting

NOT_DEPLOYED = "The stacks are not deployed: `python -m ci deploy {}` makes them."


def basis_of(deployment: Deployment, directory: str) -> Basis:
    """Ask AWS; nothing is changed.

    Args:
        directory: of the algorithm, for the names of its files.

    Raises:
        AwsFault: AWS refuses to say.
    """
    if not deployment.is_deployed():
        why = NOT_DEPLOYED.format(deployment.environment.name)
        return Basis("Absent", "", Known(), Known(), Known(why=why))
    setting = deployment.setting()
    with saying(f"looking at {deployment.environment.endpoint_name}"):
        live = look(setting)
        images = _Images(setting, directory)
        champion = live.champion
        return Basis(
            endpoint=live.status,
            config=live.config,
            live=images.known(champion.image if champion else "", "live image"),
            trained=images.known(_trained_by(champion), "image that trained the live artifact"),
            pointed=images.known(_pointed(setting), "image at the training pointer"),
            settings=_settings(setting, live.config, champion),
        )


def _trained_by(champion: Model | None) -> str:
    """The URI of the image that trained the champion's artifact, as its lineage tells."""
    if champion is None:
        return ""
    digest = champion.lineage.get("trained-by") or champion.lineage.get("image", "")
    return f"{_repository(champion.image)}@{digest}" if digest else ""


def _repository(uri: str) -> str:
    """The URI without digest and tag."""
    host, slash, path = uri.partition("/")
    return f"{host}{slash}{path.partition('@')[0].partition(':')[0]}"


def _pointed(setting: Setting) -> str:
    found = setting.client("ssm").get_parameter(Name=setting.pointer)["Parameter"]["Value"]
    return "" if found in NOTHING else found


def _settings(setting: Setting, config: str, champion: Model | None) -> tuple[str, ...]:
    if champion is None or not _trained_by(champion):  # an endpoint of somebody else
        return ()
    sagemaker = setting.client("sagemaker")
    return changed_settings(
        setting.environment,
        setting.place,
        champion,
        sagemaker.describe_endpoint_config(EndpointConfigName=config),
        sagemaker.describe_model(ModelName=champion.name),
    )


class _Images:
    """What is known of images, each asked for once."""

    def __init__(self, setting: Setting, directory: str):
        self._setting = setting
        self._directory = directory
        self._known: dict[str, Known] = {}

    def known(self, uri: str, role: str) -> Known:
        if not uri:
            return Known()
        if uri not in self._known:
            self._known[uri] = self._look(uri, role)
        return self._known[uri]

    def _look(self, uri: str, role: str) -> Known:
        _, named, digest = uri.rpartition("@")
        if not named:
            return Known(uri, None, f"The {role} {uri} is named by a tag, which is no identity.")
        described = self._setting.read_json(f"images/{digest.removeprefix('sha256:')}.json")
        if not self._exists(uri):
            return Known(uri, None, f"The {role} {digest[:19]} is no longer in ECR.")
        try:
            content = Content.of_description(described or {}, self._directory)
        except (KeyError, TypeError):
            why = f"The {role} {digest[:19]} has no record of what is in it."
            return Known(uri, None, f"{why} `python -m ci publish` makes one.")
        return Known(
            uri,
            content,
            commit=described.get("commit") or "",
            rejected=self._setting.rejected(uri),
        )

    def _exists(self, uri: str) -> bool:
        repository, _, digest = uri.partition("/")[2].partition("@")
        ecr: Any = self._setting.client("ecr")
        try:
            ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        except ClientError as error:
            if "NotFound" in str(error):
                return False
            raise
        return True
