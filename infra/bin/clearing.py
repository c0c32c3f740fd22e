"""Resources that have to be cleared before CloudFormation can delete them. Each step says in a few words what it
has done, and changes nothing if it is repeated."""

import time
from collections.abc import Callable

import boto3

# What AWS takes in one call.
TASKS = 100
PROTECTIONS = 50
OBJECTS = 1000
IMAGES = 100

# Each takes as long as the tasks need to stop, and a launcher that was under way has half a minute.
ROUNDS = 5

# Seconds that instances have to go, and between two looks. A drained one is gone in two minutes or three; what ECS
# drains first may take a job's two minutes more.
EMPTY_WITHIN = 20 * 60
LOOK_EVERY = 10


def parts_of(all_of_them: list, size: int) -> list[list]:
    return [all_of_them[start : start + size] for start in range(0, len(all_of_them), size)]


def switch_off(function: str) -> str:
    """A running call continues for at most its timeout; no new call begins."""
    boto3.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    return "called no more"


def stop_tasks(cluster: str, stack: str) -> str:
    """Stops the tasks that this stack launched. PID 1 of each gets two minutes' notice. A launcher that is still
    running may start more, so this repeats until there are none. It names and leaves other people's tasks, although
    CloudFormation cannot delete the cluster before they end."""
    ecs, stopped = boto3.client("ecs"), 0
    pages = ecs.get_paginator("list_tasks")
    for _ in range(ROUNDS):
        # Those that are to run, also while they do not yet.
        listed = list(pages.paginate(cluster=cluster, desiredStatus="RUNNING").search("taskArns[]"))
        tasks, foreign = by_owner(cluster, listed, stack)
        if not tasks and foreign:
            raise RuntimeError(
                f"{stopped} tasks stopped; left, because they have no tag mayfly:stack={stack}: {', '.join(foreign)}"
            )
        if not tasks:
            return f"{stopped} tasks stopped"
        for task in tasks:
            ecs.stop_task(cluster=cluster, task=task, reason="the stack is deleted")
        for some in parts_of(tasks, TASKS):
            ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=some)
        stopped += len(tasks)
    raise RuntimeError(f"{stopped} tasks stopped, but something keeps starting others")


def by_owner(cluster: str, tasks: list[str], stack: str) -> tuple[list[str], list[str]]:
    """The stack's own tasks, and other people's. Tasks of a service are in neither list: a service replaces a
    stopped task, and CloudFormation deletes the service with its tasks before the cluster. Their group is
    `service:NAME` (ECS, "Task", `group`)."""
    ecs, own, foreign = boto3.client("ecs"), [], []
    for some in parts_of(tasks, TASKS):
        for it in ecs.describe_tasks(cluster=cluster, tasks=some, include=["TAGS"])["tasks"]:
            tags = {tag["key"]: tag["value"] for tag in it.get("tags", [])}
            if not it.get("group", "").startswith("service:"):
                (own if tags.get("mayfly:stack") == stack else foreign).append(it["taskArn"])
    return own, foreign


def let_instances_go(group: str) -> str:
    """An Auto Scaling group cannot be deleted while one of its instances is protected. So new instances start
    unprotected, and the existing ones lose their protection before the group is set to zero."""
    scaling = boto3.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName=group, NewInstancesProtectedFromScaleIn=False)
    groups = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    protected = [
        it["InstanceId"] for each in groups for it in each["Instances"] if it["ProtectedFromScaleIn"]
    ]
    for some in parts_of(protected, PROTECTIONS):
        scaling.set_instance_protection(
            AutoScalingGroupName=group, InstanceIds=some, ProtectedFromScaleIn=False
        )
    scaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=0, MaxSize=0, DesiredCapacity=0)
    return f"no instances wanted, {len(protected)} no longer protected"


def wait_until_empty(
    group: str, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> str:
    """CloudFormation cannot delete a capacity provider whose group has an instance, and then gives up on the whole
    stack."""
    scaling, began = boto3.client("autoscaling"), now()
    while True:
        groups = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
        left = [it["InstanceId"] for each in groups for it in each["Instances"]]
        took = now() - began
        if not left:
            return f"empty, after {took / 60:.0f} minutes" if took > LOOK_EVERY else "empty"
        if took >= EMPTY_WITHIN:
            raise RuntimeError(f"after {took / 60:.0f} minutes it still has {', '.join(left)}")
        sleep(LOOK_EVERY)


def empty_bucket(bucket: str) -> str:
    """Deletes all versions of all objects, and unfinished uploads."""
    s3, deleted = boto3.client("s3"), 0
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    versions = [it for page in pages for it in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    found = [{"Key": it["Key"], "VersionId": it["VersionId"]} for it in versions]
    for some in parts_of(found, OBJECTS):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        if errors := answer.get("Errors"):
            raise RuntimeError(f"{len(errors)} objects stay, the first: {errors[0]['Message']}")
        deleted += len(some)
    for upload in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket).search("Uploads[]"):
        if upload:
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return f"emptied of {deleted} objects"


def empty_repository(repository: str) -> str:
    """Deletes all images. Images that an index names can go only after it, so this repeats until none is left or no
    more can be deleted."""
    ecr, deleted = boto3.client("ecr"), 0
    pages = ecr.get_paginator("list_images")
    while found := list(pages.paginate(repositoryName=repository).search("imageIds[]")):
        digests = [{"imageDigest": digest} for digest in {it["imageDigest"] for it in found}]
        gone = 0
        for some in parts_of(digests, IMAGES):
            answer = ecr.batch_delete_image(repositoryName=repository, imageIds=some)
            gone += len({it["imageDigest"] for it in answer["imageIds"]})
        if not gone:
            raise RuntimeError(f"{len(digests)} images stay")
        deleted += gone
    return f"emptied of {deleted} images"
