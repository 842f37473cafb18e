"""Templates that CloudFormation refuses; moto breaks on some, and takes others."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import yaml_tag_constructor

CREATE, SUMMARY = (
    CloudFormationResponse.create_change_set,
    CloudFormationResponse.get_template_summary,
)
VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
PSEUDO = "AWS::"


def install() -> None:
    """Look at templates first."""

    def created(self: CloudFormationResponse) -> Any:
        _check(self._get_param("TemplateBody"))
        return CREATE(self)

    def summarised(self: CloudFormationResponse) -> Any:
        _check(self._get_param("TemplateBody"))
        return SUMMARY(self)

    CloudFormationResponse.create_change_set = created
    CloudFormationResponse.get_template_summary = summarised


def _check(body: str | None) -> None:
    if not body:
        return
    yaml.add_multi_constructor("", yaml_tag_constructor)
    try:
        template = yaml.load(body, Loader=yaml.Loader)  # noqa: S506 (moto's way to read tags)
    except yaml.YAMLError:
        raise ValidationError(message="Template format error: YAML not well-formed.") from None
    if not isinstance(template, dict) or not template.get("Resources"):
        said = "Template format error: At least one Resources member must be defined."
        raise ValidationError(message=said)
    known = {*template["Resources"], *template.get("Parameters", {})}
    unknown = sorted(set(_references(template["Resources"])) - known)
    if unknown:
        raise ValidationError(
            message="Template format error: Unresolved resource dependencies "
            f"[{', '.join(unknown)}] in the Resources block of the template"
        )


def _references(value: Any) -> Iterator[str]:
    """Everything that Ref, Fn::GetAtt, Fn::Sub and DependsOn name, but for AWS' own."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "Ref":
                names = [one]
            elif key == "Fn::GetAtt":
                names = [one.partition(".")[0] if isinstance(one, str) else one[0]]
            elif key == "Fn::Sub":
                names = _substituted(one)
            elif key == "DependsOn":
                names = [one] if isinstance(one, str) else one
            else:
                yield from _references(one)
                continue
            yield from (name for name in names if not name.startswith(PSEUDO))
            if key == "Fn::Sub" and isinstance(one, list):
                yield from _references(one[1])


def _substituted(value: Any) -> list[str]:
    text, own = (value, {}) if isinstance(value, str) else value
    return [name.partition(".")[0] for name in VARIABLE.findall(text) if name not in own]
