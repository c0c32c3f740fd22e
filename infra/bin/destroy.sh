#!/usr/bin/env bash
# Takes the stack down: no new runners, then no instances, then the stack. The ledger's table and the
# secrets stay; what is printed at the end removes them.
#
#   destroy.sh [STACK]     STACK is mayfly unless told
set -euo pipefail

stack=${1:-mayfly}

die() {
  echo "destroy.sh: $1" >&2
  exit 1
}

case ${1:-} in
-h | --help)
  sed -n '2,5s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
esac

command -v aws >/dev/null || die "the AWS CLI is not here: https://docs.aws.amazon.com/cli/"
aws cloudformation describe-stacks --stack-name "$stack" >/dev/null || die "there is no stack $stack here"

resource() {
  aws cloudformation describe-stack-resource --stack-name "$1" --logical-resource-id "$2" \
    --query StackResourceDetail.PhysicalResourceId --output text
}

read -r -p "Type $stack to delete it, with every runner: " answer
[[ $answer == "$stack" ]] || die "nothing was done"

# 1. Nobody launches any more.
for name in Scheduler Launcher; do
  function=$(resource "$stack" "${name}Function")
  aws lambda put-function-concurrency --function-name "$function" --reserved-concurrent-executions 0 >/dev/null
done

# 2. What runs is stopped: PID 1 gets two minutes' notice.
for cluster in fargate ecs; do
  for task in $(aws ecs list-tasks --cluster "$cluster" --query 'taskArns[]' --output text); do
    aws ecs stop-task --cluster "$cluster" --task "$task" --reason "the stack is deleted" >/dev/null
  done
done

# 3. Instances go: an Auto Scaling group is not deleted while one is protected.
pools=$(resource "$stack" Pools)
groups=$(aws cloudformation describe-stack-resources --stack-name "$pools" --output text \
  --query "StackResources[?ResourceType=='AWS::AutoScaling::AutoScalingGroup'].PhysicalResourceId")
for group in $groups; do
  instances=$(aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$group" --output text \
    --query 'AutoScalingGroups[].Instances[].InstanceId')
  if [[ -n $instances ]]; then
    # shellcheck disable=SC2086 # one argument an instance
    aws autoscaling set-instance-protection --auto-scaling-group-name "$group" \
      --no-protected-from-scale-in --instance-ids $instances >/dev/null
  fi
  aws autoscaling update-auto-scaling-group --auto-scaling-group-name "$group" --min-size 0 --max-size 0
done

table=$(resource "$stack" LedgerTable)
aws cloudformation delete-stack --stack-name "$stack"
aws cloudformation wait stack-delete-complete --stack-name "$stack"
echo "$stack is gone. What stays, because nothing brings it back:"
echo "  the ledger:  aws dynamodb delete-table --table-name $table"
echo "  the secrets: aws ssm delete-parameter, for each under /mayfly"
echo "  runners at GitHub that had not begun a job: GitHub removes them a day after they went offline"
