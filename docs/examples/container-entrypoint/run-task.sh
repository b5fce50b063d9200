#!/bin/sh
# Runs the task of migrate.task-definition.json once, however long it takes, and exits with the exit code of its
# container; with 125 where that never started.
# Usage: run-task.sh CLUSTER SUBNETS SECURITY_GROUPS [COMMAND], for example:
#   run-task.sh shop subnet-0a1b2c3d,subnet-0e4f5a6b sg-0a1b2c3d '["status"]'
# It needs ecs:RunTask, ecs:DescribeTasks, iam:PassRole for the two roles, and logs:GetLogEvents for the log.
set -eu
cluster=$1
network="awsvpcConfiguration={subnets=[$2],securityGroups=[$3],assignPublicIp=DISABLED}"
command='["deploy"]'
overrides="{\"containerOverrides\": [{\"name\": \"migrate\", \"command\": ${4:-$command}}]}"

started=$(aws ecs run-task --cluster "$cluster" --task-definition migrate --launch-type FARGATE \
    --network-configuration "$network" --overrides "$overrides" \
    --query '[tasks[0].taskArn, failures[0].reason]' --output text)
task=${started%%[[:space:]]*}
if [ "$task" = None ]; then # the command itself exits with 0
    echo "ECS started no task: ${started#*[[:space:]]}" >&2
    exit 125
fi
log="aws logs get-log-events --log-group-name /ecs/migrate --log-stream-name migrate/migrate/${task##*/}"
echo "$task" >&2
echo "Its log: $log --start-from-head --query 'events[].[message]' --output text" >&2
echo "To end it with a verdict: aws ecs stop-task --cluster $cluster --task $task" >&2

ask() {
    aws ecs describe-tasks --cluster "$cluster" --tasks "$task" --query "$1" --output text
}
# `aws ecs wait tasks-stopped` gives up after 10 minutes.
status=$(ask 'tasks[0].lastStatus')
while [ "$status" != STOPPED ]; do
    sleep 6
    status=$(ask 'tasks[0].lastStatus')
done

$log --query 'events[].[message]' --output text || echo "The log cannot be read from here." >&2
# By its name: GuardDuty may have put a container of its own beside it.
ours="containers[?name=='migrate']"
ended=$(ask "tasks[0].[$ours.exitCode | [0], stoppedReason, $ours.reason | [0]]")
code=${ended%%[[:space:]]*}
if [ "$code" = None ]; then
    echo "The container did not start: ${ended#*[[:space:]]}" >&2
    exit 125
fi
exit "$code"
