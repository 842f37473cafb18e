"""A release by a person or a pipeline: execute, follow, verify, write down; each can be repeated.

The bodies are those of the state machine's release (``ci.steps.release``, ``ci.requests``).
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ci import requests
from ci.client import ClientError, saying
from ci.errors import CiError
from ci.holding import Held
from ci.lineage import FAILED, RELEASED, Lineage, Record
from ci.requests import Model
from ci.stacks import Say
from ci.steps import release as steps
from ci.steps.live import Live, look
from ci.steps.setting import Setting

POLL_SECONDS = 2.0
EXISTS = ("already exist", "Cannot create already existing")
IN_PROGRESS = "in-progress"


class ReleaseFailed(CiError):
    """The endpoint does not run the release; the message says what it runs and why."""


@dataclass(frozen=True)
class Release:
    """One release to one endpoint.

    Attributes:
        topic: where its alarms go.
        reply: the JSON reply to the sample that the proof has seen; None without a proof.
    """

    setting: Setting
    model: Model
    topic: str
    held: Held
    say: Say
    reply: Any = None

    def execute(self) -> None:
        """Bring the endpoint to the model, and be sure that it runs and answers.

        Raises:
            ReleaseFailed: it was rolled back, or answers otherwise.
        """
        if settled(self.setting, self.say).config != self.model.name:
            self._update()
        seen = self._followed()
        if seen["state"] != "released":
            raise ReleaseFailed(seen["message"])
        self._scale()
        self.say(seen["message"])

    def undo(self, former: str) -> str:
        """Leave the model where the endpoint still runs it; what became of it, as a sentence."""
        live = settled(self.setting, self.say)
        if live.status != "InService" or live.config != self.model.name or former == live.config:
            return ""
        self._restore(former)
        return f" {former} is back."

    def _update(self) -> None:
        planned = steps.release(self.setting, self._event())
        bodies = planned["requests"]
        sagemaker = self.setting.client("sagemaker")
        with saying(f"preparing {self.model.name}"):
            self._once(sagemaker.create_model, bodies["model"])
            self._once(sagemaker.create_endpoint_config, bodies["config"])
            for alarm in bodies["alarms"]:
                self._change(self.setting.client("cloudwatch").put_metric_alarm, alarm)
        with saying(f"updating {self.setting.environment.endpoint_name}"):
            self._update_endpoint(bodies["update"])
        self.say(f"updating {self.setting.environment.endpoint_name} to {self.model.name}")

    def _followed(self) -> dict[str, Any]:
        told = ""
        while True:
            with saying(f"following {self.setting.environment.endpoint_name}"):
                seen = steps.verify(self.setting, {**self._event(), "reply": self.reply})
                state = self._fleets()
            if state != told:
                self.say(state)
                told = state
            if seen["state"] != "busy":
                return seen
            time.sleep(POLL_SECONDS)

    def _restore(self, config: str) -> None:
        self.say(f"going back to {config}")
        name = self.setting.environment.endpoint_name
        with saying(f"going back to {config}"):
            self._update_endpoint({"EndpointName": name, "EndpointConfigName": config})
        if (live := settled(self.setting, self.say)).config != config:
            raise ReleaseFailed(f"{name} is {live.status} with {live.config}, not with {config}.")

    def _scale(self) -> None:
        scaling = self.setting.client("application-autoscaling")
        bodies = steps.scale(self.setting, {})
        if bodies["target"]:
            with saying("setting how it scales"):
                self._change(scaling.register_scalable_target, bodies["target"])
                self._change(scaling.put_scaling_policy, bodies["policy"])

    def _fleets(self) -> str:
        """The state of each fleet, in one line."""
        name = self.setting.environment.endpoint_name
        found = self.setting.client("sagemaker").describe_endpoint(EndpointName=name)
        pending = found.get("PendingDeploymentSummary", {})
        fleets = [
            f"{one['VariantName']} {one.get('CurrentInstanceCount', '?')} of "
            f"{one.get('DesiredInstanceCount', '?')} instances"
            for one in [
                *found.get("ProductionVariants", []),
                *pending.get("ProductionVariants", []),
            ]
        ]
        return f"{name} is {found['EndpointStatus']}: {', '.join(fleets) or 'no fleet'}"

    def _event(self) -> dict[str, Any]:
        model = self.model
        return {
            "topic": self.topic,
            "model": {
                "name": model.name,
                "image": model.image,
                "artifact": model.artifact,
                "lineage": dict(model.lineage),
            },
        }

    def _update_endpoint(self, body: Mapping[str, Any]) -> None:
        """One that is in progress is as good: an answer was lost, and its end will be seen."""
        try:
            self._change(self.setting.client("sagemaker").update_endpoint, body)
        except ClientError as error:
            if IN_PROGRESS not in str(error):
                raise

    def _once(self, call: Callable[..., Any], body: Mapping[str, Any]) -> None:
        """Make what is named by its content; that it is there is as good."""
        try:
            self._change(call, body)
        except ClientError as error:
            if not any(words in str(error) for words in EXISTS):
                raise

    def _change(self, call: Callable[..., Any], body: Mapping[str, Any]) -> None:
        self.held.check()
        call(**body)


def released(release: Release, live: Live, record: Record) -> None:
    """Write down that it begins, execute it, and write down how it ended.

    Args:
        record: what the lineage is to say of it beside what it says of the live one.

    Raises:
        ReleaseFailed: the endpoint does not run it.
    """
    begun = {**record, "reply": release.reply}
    finished(release, Lineage(release.setting).begin(release.model, live.config, begun))


def finished(release: Release, record: Record) -> None:
    """Execute what was begun, here or by a process that died, and write down how it ended.

    Args:
        record: ``doomed`` is the image that no run may use when it fails; empty for none.

    Raises:
        ReleaseFailed: the endpoint does not run it; what it ran before is back.
    """
    lineage, doomed = Lineage(release.setting), record["doomed"]
    try:
        release.execute()
    except ReleaseFailed as error:
        if doomed:
            release.setting.reject(doomed, str(error))
        told = f"{error}{release.undo(record['before'])}"
        lineage.end(record, FAILED)
        why = " The image is rejected: no run uses it." if doomed else ""
        raise ReleaseFailed(f"{told}{why}") from None
    release.held.check()
    lineage.end(record, RELEASED)


def settled(setting: Setting, say: Say) -> Live:
    """The endpoint when nothing changes it any more."""
    name, told = setting.environment.endpoint_name, False
    while (live := look(setting)).status in steps.BUSY:
        if not told:
            say(f"{name} is {live.status}: waiting")
            told = True
        time.sleep(POLL_SECONDS)
    return live


def model_of(
    setting: Setting, live: Live, image: str, artifact: str, lineage: Mapping[str, str]
) -> Model:
    """The release of an image with an artifact, with the settings of the environment file."""
    given = Model("", image, artifact, lineage)
    instances = steps.instances_kept(setting.environment, live)
    return requests.named(setting.environment, setting.place, given, instances)


def reply_of(replies: Mapping[str, Any]) -> Any:
    """The proof's reply as JSON; None where it is none."""
    try:
        return json.loads(replies["application/json"]["body"])
    except (KeyError, ValueError):
        return None
