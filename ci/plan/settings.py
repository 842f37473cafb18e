"""What of an endpoint's settings differs from the environment file."""

from collections.abc import Iterator, Mapping
from typing import Any

from ci import requests
from ci.environment import Environment
from ci.requests import Model, Place

MADE_ANEW = {"EndpointConfigName", "ModelName", "Tags"}


def changed_settings(
    environment: Environment,
    place: Place,
    champion: Model,
    config: Mapping[str, Any],
    model: Mapping[str, Any],
) -> tuple[str, ...]:
    """A phrase for each setting, for example "InstanceType ml.m5.large → ml.m5.xlarge".

    Args:
        config: what DescribeEndpointConfig says of the live one.
        model: what DescribeModel says of the live one.
    """
    kept = config["ProductionVariants"][0].get("InitialInstanceCount")
    instances = kept if environment.scaling.maximum > environment.scaling.minimum else None
    wanted_config = requests.endpoint_config(environment, place, champion, instances)
    wanted_model = requests.model(environment, place, champion)
    return (*_changed(wanted_config, config), *_changed(wanted_model, model))


def _changed(wanted: Any, found: Any, name: str = "") -> Iterator[str]:
    if isinstance(wanted, Mapping):
        there = found if isinstance(found, Mapping) else {}
        for key, value in wanted.items():
            if key not in MADE_ANEW:
                yield from _changed(value, there.get(key), key)
        if name == "Environment":
            yield from (f"{key} removed" for key in there.keys() - wanted.keys())
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for one, other in zip(wanted, found, strict=True):
            yield from _changed(one, other, name)
    elif wanted != found and not (found is None and wanted in (False, "", {}, [])):
        yield f"{name} {found} → {wanted}"
