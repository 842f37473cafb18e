"""What the stacks take from an environment file."""

from urllib.parse import urlsplit

from ci.environment.tables import Environment


def stack_parameters(environment: Environment) -> dict[str, str]:
    """What the templates take from the environment file, as CloudFormation spells it."""
    triggers, access = environment.triggers, environment.access
    in_vpc = bool(environment.training.subnets or environment.endpoint.subnets)
    return {
        "ProjectName": environment.project,
        "EnvironmentName": environment.name,
        "EndpointName": environment.endpoint_name,
        "VariantName": environment.endpoint.variant,
        "ScheduleExpression": triggers.schedule,
        "TriggerOnUpload": str(triggers.on_upload).lower(),
        "TriggerOnDrift": str(triggers.on_drift).lower(),
        "MissingRunDays": str(triggers.missing_run_days),
        "MonitoringSchedule": environment.monitoring.schedule
        if environment.capture.percent
        else "",
        "NotificationEmail": environment.notify.email,
        "TeamPolicyArns": ",".join(access.team_policies),
        "GitLabUrl": access.gitlab_url,
        "GitLabHost": urlsplit(access.gitlab_url).netloc,
        "GitLabProject": access.gitlab_project,
        "ProtectedRef": access.protected_ref,
        "OidcProviderArn": access.oidc_provider,
        "InVpc": str(in_vpc).lower(),
    }
