"""The Model Registry: packages and groups that can be deleted, which moto lacks."""

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from local_test.aws.world import World


def install(world: World) -> None:
    """Add DeleteModelPackage and DeleteModelPackageGroup."""
    SageMakerResponse.delete_model_package = _delete
    SageMakerResponse.delete_model_package_group = _delete_group


def reset() -> None:
    """Packages are forgotten with moto's own."""


def _delete(self: SageMakerResponse) -> Any:
    name = self._get_param("ModelPackageName")
    backend = self.sagemaker_backend
    arn = backend.model_package_name_mapping.get(name)
    if arn not in backend.model_packages:
        raise JsonRESTError("ValidationException", f"Model package {name} does not exist.")
    del backend.model_packages[arn]
    return EmptyResult()


def _delete_group(self: SageMakerResponse) -> Any:
    name = self._get_param("ModelPackageGroupName")
    backend = self.sagemaker_backend
    if name not in backend.model_package_groups:
        raise JsonRESTError("ValidationException", f"Model package group {name} does not exist.")
    held = [one for one in backend.model_packages.values() if one.model_package_group_name == name]
    if held:
        raise JsonRESTError(
            "ConflictException", f"Model package group {name} still holds {len(held)} packages."
        )
    del backend.model_package_groups[name]
    return EmptyResult()
