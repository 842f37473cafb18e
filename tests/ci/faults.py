"""Planted faults: an edit of a template, a state machine or a request, and what must be said."""

import copy
from collections.abc import Callable
from typing import Any

Edit = Callable[[Any], None]


def put(path: str, value: Any) -> Edit:
    """Set what lies at a path of keys and numbers."""

    def edit(document: Any) -> None:
        *way, last = _keys(path)
        _follow(document, way)[last] = value

    return edit


def drop(path: str) -> Edit:
    def edit(document: Any) -> None:
        *way, last = _keys(path)
        del _follow(document, way)[last]

    return edit


def add(path: str, value: Any) -> Edit:
    """Append to the list at a path."""

    def edit(document: Any) -> None:
        _follow(document, _keys(path)).append(value)

    return edit


def reword(path: str, old: str, new: str) -> Edit:
    """Replace within the text at a path."""

    def edit(document: Any) -> None:
        *way, last = _keys(path)
        holder = _follow(document, way)
        assert old in holder[last]
        holder[last] = holder[last].replace(old, new)

    return edit


def _keys(path: str) -> list[Any]:
    return [int(key) if key.isdigit() else key for key in path.split("/")]


def _follow(value: Any, way: list[Any]) -> Any:
    for key in way:
        value = value[key]
    return value


def edited(document: Any, edit: Edit) -> Any:
    made = copy.deepcopy(document)
    edit(made)
    return made


def grant(action: str, resource: Any = "*") -> dict[str, Any]:
    return {"Sid": "Planted", "Effect": "Allow", "Action": [action], "Resource": resource}


RUN_POLICY = "Resources/RunRole/Properties/Policies/0/PolicyDocument/Statement"
STACK_POLICY = "Resources/StackRole/Properties/Policies/0/PolicyDocument/Statement"
MAIN_TRUST = "Resources/MainRole/Properties/AssumeRolePolicyDocument/Fn::Sub/0"
VARIABLE = "Resources/StepFunction/Properties/Environment/Variables/LOCK_TABLE"
SKIPPED = {"skip": [{"id": "images_are_scanned", "comment": "A reason of four words."}]}

OF_TEMPLATES = {
    "a region": (
        "retraining",
        put(VARIABLE, "shop-eu-west-1"),
        "StepFunction: the region 'eu-west-1'",
    ),
    "an account": ("retraining", put(VARIABLE, "123456789012"), "StepFunction: the account '1234"),
    "a partition": ("retraining", put(VARIABLE, "arn:aws:s3:::b"), "StepFunction: the partition"),
    "a region as default": (
        "foundation",
        put("Parameters/GitLabHost/Default", "gitlab.us-east-1.aws"),
        "GitLabHost: the region 'us-east-1'",
    ),
    "a fixed name": (
        "foundation",
        put("Resources/Images/Properties/RepositoryName", "images"),
        "Images: its RepositoryName 'images' is the same in every environment (names_are_made)",
    ),
    "a spare parameter": (
        "monitoring",
        put("Parameters/Spare", {"Type": "String"}),
        "Spare: no resource uses this parameter (parameters_are_used)",
    ),
    "no tags": (
        "retraining",
        drop("Resources/Uploads/Properties/Tags"),
        "Uploads: it is not tagged with the project (resources_are_tagged)",
    ),
    "a tag of another value": (
        "retraining",
        put("Resources/Pointer/Properties/Tags/environment", "production"),
        "Pointer: it is not tagged with the environment (resources_are_tagged)",
    ),
    "a suppression of checkov without a reason": (
        "retraining",
        put("Resources/Locks/Metadata/checkov/skip/0/comment", "because"),
        "Locks: CKV_AWS_28 is suppressed without a reason (suppressions_have_reasons)",
    ),
    "a suppression of cfn-lint without a reason": (
        "retraining",
        put("Resources/Locks/Metadata/cfn-lint", {"config": {"ignore_checks": ["W3011"]}}),
        "Locks: W3011 is suppressed without a reason (suppressions_have_reasons)",
    ),
    "a suppression of ours without a reason": (
        "monitoring",
        drop("Resources/StateMachine/Metadata/policy/skip/0/comment"),
        "StateMachine: state_machines_log is suppressed without a reason",
    ),
    "a suppression of nothing": (
        "foundation",
        put("Resources/Images/Metadata", {"policy": SKIPPED}),
        "Images: suppressing images_are_scanned is idle",
    ),
    "a bucket without versions": (
        "foundation",
        put("Resources/Artifacts/Properties/VersioningConfiguration/Status", "Suspended"),
        "Artifacts: the bucket is not versioned (buckets_are_versioned)",
    ),
    "a bucket without encryption": (
        "foundation",
        drop("Resources/Artifacts/Properties/BucketEncryption"),
        "Artifacts: the bucket is not encrypted by our key (buckets_are_encrypted)",
    ),
    "a bucket that can be made public": (
        "foundation",
        put("Resources/Artifacts/Properties/PublicAccessBlockConfiguration/BlockPublicAcls", False),
        "Artifacts: public access is not blocked: BlockPublicAcls (buckets_are_private)",
    ),
    "a bucket without TLS": (
        "foundation",
        drop("Resources/ArtifactsOverTls"),
        "Artifacts: no policy denies requests without TLS (buckets_ask_for_tls)",
    ),
    "tags of images that move": (
        "foundation",
        put("Resources/Images/Properties/ImageTagMutability", "MUTABLE"),
        "Images: a tag can be moved to another image (images_are_immutable)",
    ),
    "images that nobody scans": (
        "foundation",
        put("Resources/Images/Properties/ImageScanningConfiguration/ScanOnPush", False),
        "Images: images are not scanned on push (images_are_scanned)",
    ),
    "released images that expire": (
        "foundation",
        reword("Resources/Images/Properties/LifecyclePolicy/LifecyclePolicyText", "ci-", ""),
        "Images: its lifecycle expires other than unused images (only_ci_images_expire)",
    ),
    "live images that expire": (
        "foundation",
        reword("Resources/Images/Properties/LifecyclePolicy/LifecyclePolicyText", "10000", "5"),
        "Images: its lifecycle expires other than unused images (only_ci_images_expire)",
    ),
    "no lifecycle": (
        "foundation",
        drop("Resources/Images/Properties/LifecyclePolicy"),
        "Images: its lifecycle expires other than unused images (only_ci_images_expire)",
    ),
    "a log without encryption": (
        "retraining",
        drop("Resources/StepLogs/Properties/KmsKeyId"),
        "StepLogs: it is not encrypted: KmsKeyId is missing (what_is_stored_is_encrypted)",
    ),
    "a key that stays": (
        "foundation",
        put("Resources/Key/Properties/EnableKeyRotation", False),
        "Key: the key does not rotate (keys_rotate)",
    ),
    "a bucket that goes with its stack": (
        "foundation",
        put("Resources/Artifacts/DeletionPolicy", "Delete"),
        "Artifacts: it is removed with its stack (what_cannot_be_made_again_is_kept)",
    ),
    "a wildcard action": (
        "retraining",
        add(RUN_POLICY, grant("sagemaker:Create*", {"Ref": "Topic"})),
        "RunRole: Planted allows sagemaker:Create* (actions_are_named)",
    ),
    "every action": (
        "retraining",
        add(RUN_POLICY, grant("*", {"Ref": "Topic"})),
        "RunRole: Planted allows * (actions_are_named)",
    ),
    "all actions but some": (
        "retraining",
        add(RUN_POLICY, {"Effect": "Allow", "NotAction": ["s3:*"], "Resource": "*"}),
        "RunRole: a statement allows * (actions_are_named)",
    ),
    "every resource": (
        "retraining",
        add(RUN_POLICY, grant("s3:GetObject")),
        "RunRole: Planted allows s3:GetObject on every resource (resources_are_named)",
    ),
    "metrics in every namespace": (
        "retraining",
        add(RUN_POLICY, grant("cloudwatch:PutMetricData")),
        "RunRole: Planted allows metrics in every namespace (metrics_have_a_namespace)",
    ),
    "every role passed": (
        "retraining",
        add(RUN_POLICY, grant("iam:PassRole")),
        "RunRole: Planted passes every role (roles_are_passed_to_one_service)",
    ),
    "a role passed to every service": (
        "retraining",
        add(RUN_POLICY, grant("iam:PassRole", {"Ref": "ExecutionRoleArn"})),
        "RunRole: Planted passes a role to every service (roles_are_passed_to_one_service)",
    ),
    "a role passed from every path": (
        "foundation",
        reword(f"{STACK_POLICY}/2/Resource/Fn::Sub", "/${ProjectName}/${EnvironmentName}", ""),
        "StackRole: HandOverBoundedRoles passes every role (roles_are_passed_to_one_service)",
    ),
    "a role without boundary": (
        "retraining",
        drop("Resources/RunRole/Properties/PermissionsBoundary"),
        "RunRole: the role has no boundary (roles_are_bounded)",
    ),
    "a role of every path": (
        "monitoring",
        put("Resources/HourRole/Properties/Path", "/"),
        "HourRole: the role is not below the project's path (roles_are_bounded)",
    ),
    "any audience": (
        "foundation",
        reword(MAIN_TRUST, '"${GitLabHost}:aud": "${GitLabUrl}",', ""),
        "MainRole: its trust is not pinned to the audience (pipelines_are_pinned_to_an_audience)",
    ),
    "any project": (
        "foundation",
        reword(MAIN_TRUST, "${GitLabProject}", "*"),
        "MainRole: its trust is not pinned to the project (pipelines_are_pinned_to_the_project)",
    ),
    "any branch": (
        "foundation",
        reword(MAIN_TRUST, "${ProtectedRef}", "*"),
        "MainRole: its trust is not pinned to the protected ref",
    ),
    "branches like the protected one": (
        "foundation",
        reword(MAIN_TRUST, "StringEquals", "StringLike"),
        "MainRole: its trust is not pinned to the protected ref",
    ),
    "a branch that changes something": (
        "foundation",
        add(
            "Resources/MergeRequestRole/Properties/Policies/0/PolicyDocument/Statement",
            grant("s3:PutObject", {"Fn::GetAtt": ["Artifacts", "Arn"]}),
        ),
        "MergeRequestRole: Planted allows s3:PutObject to every branch (branches_only_look)",
    ),
    "a policy of branches that changes something": (
        "foundation",
        add(
            "Resources/Reading/Properties/PolicyDocument/Statement",
            grant("s3:PutObject", {"Fn::GetAtt": ["Artifacts", "Arn"]}),
        ),
        "Reading: Planted allows s3:PutObject to every branch (branches_only_look)",
    ),
    "a service on behalf of any account": (
        "foundation",
        drop("Resources/Key/Properties/KeyPolicy/Statement/2/Condition"),
        "Key: LogsAreEncrypted lets a service in for every account",
    ),
    "everybody": (
        "retraining",
        put("Resources/TopicPolicy/Properties/PolicyDocument/Statement/0/Principal", "*"),
        "TopicPolicy: AlarmsPublish lets everybody in (nobody_is_everybody)",
    ),
    "a log without end": (
        "retraining",
        drop("Resources/RunLogs/Properties/RetentionInDays"),
        "RunLogs: its log is kept for ever (logs_end)",
    ),
    "a function without its log": (
        "retraining",
        put(
            "Resources/StepLogs/Properties/LogGroupName", {"Fn::Sub": "/aws/lambda/${ProjectName}"}
        ),
        "StepFunction: no log group is made for the function (functions_log_into_a_group_of_ours)",
    ),
    "a function that loses events": (
        "retraining",
        drop("Resources/TriggerFunction/Properties/DeadLetterConfig"),
        "TriggerFunction: events that the function fails on are lost (functions_leave_what_failed)",
    ),
    "a permission for any rule": (
        "retraining",
        drop("Resources/UploadsMayTrigger/Properties/SourceArn"),
        "UploadsMayTrigger: any events.amazonaws.com may call the function: no SourceArn",
    ),
    "a rule that loses events": (
        "monitoring",
        drop("Resources/Hourly/Properties/Targets/0/DeadLetterConfig"),
        "Hourly: events that target compare does not take are lost (rules_leave_what_failed)",
    ),
    "no traces": (
        "retraining",
        put("Resources/StateMachine/Properties/TracingConfiguration/Enabled", False),
        "StateMachine: the state machine is not traced (state_machines_are_traced)",
    ),
    "no log of runs": (
        "retraining",
        put("Resources/StateMachine/Properties/LoggingConfiguration/Level", "OFF"),
        "StateMachine: the state machine writes no log (state_machines_log)",
    ),
    "failures that nobody hears of": (
        "monitoring",
        drop("Resources/HoursFailed"),
        "StateMachine: no alarm rings when its executions fail (failures_ring)",
    ),
    "dead letters that nobody hears of": (
        "retraining",
        drop("Resources/LettersWait"),
        "DeadLetters: no alarm rings when something lies in it (failures_ring)",
    ),
    "an alarm without action": (
        "retraining",
        put("Resources/RunsMissing/Properties/AlarmActions", []),
        "RunsMissing: the alarm has no action (alarms_tell_somebody)",
    ),
}

OF_CFN_LINT = {
    "an unknown property": (
        put("Resources/Locks/Properties/BilingMode", "PAY_PER_REQUEST"),
        "Resources/Locks/Properties/BilingMode: E3002",
    ),
    "an unknown type": (
        put("Resources/Locks/Type", "AWS::DynamoDB::Tables"),
        "Resources/Locks/Type: E3006",
    ),
    "a value that is none of an enum": (
        put("Resources/Locks/Properties/BillingMode", "FREE"),
        "Resources/Locks/Properties/BillingMode: E3030",
    ),
    "a missing property": (
        drop("Resources/StepFunction/Properties/Role"),
        "StepFunction/Properties: E3003",
    ),
    "a reference to nothing": (
        put("Resources/StepFunction/Properties/KmsKeyArn", {"Ref": "Nobody"}),
        "Resources/StepFunction/Properties/KmsKeyArn/Ref: E1020",
    ),
    "a value beyond its limit": (
        put("Resources/StepFunction/Properties/Timeout", 901),
        "Resources/StepFunction/Properties/Timeout: E3717 901",
    ),
    "a value of another type": (
        put("Resources/StepFunction/Properties/Timeout", "soon"),
        "Resources/StepFunction/Properties/Timeout: E3012",
    ),
    "an unknown attribute": (
        put("Resources/StateMachine/Properties/RoleArn", {"Fn::GetAtt": ["RunRole", "Arm"]}),
        "Resources/StateMachine/Properties/RoleArn/Fn::GetAtt/1: E1010 'Arm'",
    ),
    "an action that AWS does not know": (
        add(RUN_POLICY, grant("sagemaker:CreateModels", {"Ref": "Topic"})),
        "Resources/RunRole/Properties/Policies/0/PolicyDocument/Statement/",
    ),
    "resources in a circle": (
        put("Resources/StepRole/DependsOn", "StepFunction"),
        "Resources/StepRole: E3004",
    ),
    "a condition that decides nothing": (
        put("Conditions/Never", {"Fn::Equals": ["a", {"Ref": "LogDays"}]}),
        "Conditions/Never: W8001",
    ),
}

OF_MACHINES = {
    "no limit": (drop("TimeoutSeconds"), "the machine: it has no TimeoutSeconds"),
    "JSONPath": (put("QueryLanguage", "JSONPath"), "the machine: its QueryLanguage is not JSONata"),
    "a name twice": (
        put("States/Look at the data/Branches/0/States/Train", {"Type": "Pass", "End": True}),
        "Train: two states have this name",
    ),
    "a field of JSONPath": (
        put("States/Train/ResultPath", "$.x"),
        "Train: a Task has no ResultPath",
    ),
    "a misspelled field": (
        put("States/Usable?/Defaults", "Train"),
        "Usable?: a Choice has no Defaults",
    ),
    "an unknown type": (put("States/Done/Type", "Success"), "Done: its Type 'Success' is unknown"),
    "a start that is nowhere": (
        put("StartAt", "Begin"),
        "the machine: StartAt names 'Begin', which does not exist",
    ),
    "a branch's start that is nowhere": (
        put("States/Look at the data/Branches/1/StartAt", "Train"),
        "Look at the data: StartAt names 'Train', which does not exist",
    ),
    "a next that is nowhere": (
        put("States/Judge the data/Next", "Usable"),
        "Judge the data: it leads to 'Usable', which does not exist",
    ),
    "a default that is nowhere": (
        put("States/Usable?/Default", "Leave"),
        "Usable?: it leads to 'Leave', which does not exist",
    ),
    "a catch to nowhere": (
        put("States/Train/Catch/0/Next", "Explained"),
        "Train: it leads to 'Explained', which does not exist",
    ),
    "a state that nothing leads to": (
        put("States/Create or update?/Choices/0/Next", "Update the endpoint"),
        "Create the endpoint: no state leads to it",
    ),
    "a circle without an end": (
        put("States/Notify", {"Type": "Wait", "Seconds": 1, "Next": "Notify"}),
        "Leave the queue: no end can be reached from it",
    ),
    "a state that goes nowhere": (
        drop("States/Train/Next"),
        "Train: it must say exactly one of Next and End, or be a Choice or an end",
    ),
    "a state that goes on after its end": (
        put("States/Train/End", True),
        "Train: it must say exactly one of Next and End, or be a Choice or an end",
    ),
    "a choice without default": (drop("States/Released?/Default"), "Released?: it has no Default"),
    "a choice without condition": (
        drop("States/Released?/Choices/0/Condition"),
        "Released?: a choice lacks its Condition or its Next",
    ),
    "a catch after all": (
        add("States/Train/Catch", {"ErrorEquals": ["Contended"], "Next": "Explain"}),
        "Train: its Catch goes on after States.ALL",
    ),
    "all beside another": (
        put("States/Train/Catch/0/ErrorEquals", ["States.ALL", "Contended"]),
        "Train: its Catch names States.ALL beside other errors",
    ),
    "a misspelled error": (
        put("States/Notify/Catch/0/ErrorEquals", ["States.All"]),
        "Notify: Step Functions knows no error States.All",
    ),
    "retries without number": (
        drop("States/Train/Retry/0/MaxAttempts"),
        "Train: MaxAttempts is not between 1 and 10",
    ),
    "retries that get faster": (
        put("States/Train/Retry/1/BackoffRate", 0.5),
        "Train: BackoffRate is below 1",
    ),
    "retries without a pause": (
        put("States/Train/Retry/1/IntervalSeconds", 0),
        "Train: IntervalSeconds is below 1",
    ),
    "an unknown jitter": (
        put("States/Train/Retry/0/JitterStrategy", "SOME"),
        "Train: JitterStrategy is neither FULL nor NONE",
    ),
    "a failure that nobody catches": (
        drop("States/Train/Catch"),
        "Train: nobody catches its failure",
    ),
    "a branch whose failure nobody catches": (
        drop("States/Look at the data/Catch"),
        "Is the data usable?: nobody catches its failure",
    ),
    "half an expression": (
        put("States/Train/Arguments", "job {% $requests.training %}"),
        "Train: 'job {% $requests.training %}' is only in part an expression",
    ),
    "no JSONata": (
        put("States/Train/Arguments", "{% $requests.[ %}"),
        "Train: '$requests.[' is not JSONata",
    ),
    "a variable that nobody assigns": (
        put("States/Train/Arguments", "{% $request.training[$attempt] %}"),
        "Train: nobody assigns $request",
    ),
    "a resource that is no integration": (
        put("States/Train/Resource", "arn:aws:sagemaker:createTrainingJob"),
        "Train: arn:aws:sagemaker:createTrainingJob is no integration",
    ),
    "an integration that does not exist": (
        put("States/Create the model/Resource", "arn:aws:states:::sagemaker:createModel.sync"),
        "Create the model: no integration is called sagemaker:createModel.sync",
    ),
    "a job that is not waited for": (
        put("States/Train/Resource", "arn:aws:states:::sagemaker:createTrainingJob"),
        "Train: no integration is called sagemaker:createTrainingJob",
    ),
    "an operation that does not exist": (
        put(
            "States/Describe the best job/Resource",
            "arn:aws:states:::aws-sdk:sagemaker:describeTraining",
        ),
        "Describe the best job: no integration is called aws-sdk:sagemaker:describeTraining",
    ),
    "a step that nobody answers": (
        reword("States/Verify/Arguments/Payload", "verify", "verified"),
        "Verify: ci/handler.py has no step 'verified'",
    ),
    "a step that is told too little": (
        reword("States/Judge the challenger/Arguments/Payload", ", 'training_job': $job", ""),
        "Judge the challenger: judge reads training_job, which is not sent",
    ),
}

OF_REQUESTS = {
    "an unknown instance type": (
        put("requests/training/0/ResourceConfig/InstanceType", "ml.huge"),
        "Train: CreateTrainingJob: ResourceConfig.InstanceType: 'ml.huge' is none of",
    ),
    "no stopping condition": (
        drop("requests/training/0/StoppingCondition"),
        "Train: CreateTrainingJob: Missing required parameter in input: StoppingCondition",
    ),
    "too long a name": (
        put("requests/training/0/TrainingJobName", "n" * 64),
        "Train: CreateTrainingJob: Value 'nnnn",
    ),
    "an unknown strategy": (
        put("requests/tuning/HyperParameterTuningJobConfig/Strategy", "Luck"),
        "Tune: CreateHyperParameterTuningJob: HyperParameterTuningJobConfig.Strategy: 'Luck'",
    ),
    "an unknown key": (
        put("requests/data/Image", "shop"),
        'Is the data usable?: CreateProcessingJob: Unknown parameter in input: "Image"',
    ),
    "no role": (
        drop("requests/champion/RoleArn"),
        "The champion answers the held-out rows: CreateProcessingJob: Missing required parameter "
        'in input: "RoleArn"',
    ),
    "too few instances": (
        put("evaluation/ProcessingResources/ClusterConfig/InstanceCount", 0),
        "The challenger answers the held-out rows: CreateProcessingJob: Invalid value for",
    ),
    "a number as text": (
        put("evaluation/ProcessingResources/ClusterConfig/VolumeSizeInGB", "30"),
        "The challenger answers the held-out rows: CreateProcessingJob: Invalid type for",
    ),
    "too long a tag": (
        put("plan/requests/model/Tags/0/Value", "t" * 257),
        "Create the model: CreateModel: Value 'ttt",
    ),
    "too much memory": (
        put(
            "plan/requests/config/ProductionVariants/0/ServerlessConfig",
            {"MemorySizeInMB": 9999, "MaxConcurrency": 1},
        ),
        "Create the endpoint config: CreateEndpointConfig: Value 9999",
    ),
    "an unknown way of routing": (
        put(
            "plan/requests/update/DeploymentConfig/BlueGreenUpdatePolicy/TrafficRoutingConfiguration/Type",
            "SOME",
        ),
        "Update the endpoint: UpdateEndpoint: DeploymentConfig.BlueGreenUpdatePolicy."
        "TrafficRoutingConfiguration.Type: 'SOME' is none of ALL_AT_ONCE, CANARY, LINEAR",
    ),
    "an unknown statistic": (
        put("plan/requests/alarms/0/Statistic", "Mean"),
        "Make an alarm: PutMetricAlarm: Statistic: 'Mean' is none of SampleCount, Average",
    ),
    "too few periods": (
        put("plan/requests/alarms/1/EvaluationPeriods", 0),
        "Make an alarm: PutMetricAlarm: Invalid value for parameter EvaluationPeriods",
    ),
    "an unknown dimension": (
        put("scaling/target/ScalableDimension", "sagemaker:variant:Instances"),
        "Register for scaling: RegisterScalableTarget: ScalableDimension: 'sagemaker:variant",
    ),
}

OF_ARGUMENTS = {
    "another call's request": (
        put("States/Train/Resource", "arn:aws:states:::sagemaker:createProcessingJob.sync"),
        'Train: CreateProcessingJob: Unknown parameter in input: "TrainingJobName"',
    ),
    "an unknown argument": (
        put("States/Notify/Arguments/Title", "News"),
        'Notify: Publish: Unknown parameter in input: "Title"',
    ),
    "a missing argument": (
        drop("States/Verify/Arguments/FunctionName"),
        'Verify: Invoke: Missing required parameter in input: "FunctionName"',
    ),
    "requests that the plan does not have": (
        put("States/Create the model/Arguments", "{% $plan.requests.models %}"),
        "Create the model: CreateModel: its arguments are nothing",
    ),
}

OF_CHECKOV = {
    "a key that stays": (
        put("Resources/Key/Properties/EnableKeyRotation", False),
        ("CKV_AWS_7", "AWS::KMS::Key.Key"),
    ),
    "images that nobody scans": (
        put("Resources/Images/Properties/ImageScanningConfiguration/ScanOnPush", False),
        ("CKV_AWS_163", "AWS::ECR::Repository.Images"),
    ),
    "a bucket that can be made public": (
        put("Resources/Artifacts/Properties/PublicAccessBlockConfiguration/BlockPublicAcls", False),
        ("CKV_AWS_53", "AWS::S3::Bucket.Artifacts"),
    ),
}
