"""The Lambda function of the stacks: one step of the state machine, or an event that starts it."""

from collections.abc import Callable
from typing import Any

from ci.steps.begin import lock, resolve, unlock
from ci.steps.judging import challenger, judge, judge_data
from ci.steps.monitoring import measured, monitor
from ci.steps.release import explain, finish, release, scale, verify
from ci.steps.setting import Setting
from ci.steps.triggers import collect, trigger

Step = Callable[[Setting, dict[str, Any]], dict[str, Any]]
STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        lock,
        unlock,
        collect,
        resolve,
        judge_data,
        challenger,
        judge,
        release,
        verify,
        scale,
        finish,
        explain,
        monitor,
        measured,
    )
}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer ``{"step": NAME, …}``, or start a run for an event of EventBridge.

    Raises:
        StepFault: the run cannot go on; its message is for people.
    """
    step = STEPS[event["step"]] if "step" in event else trigger
    return step(Setting.of_function(), event)
