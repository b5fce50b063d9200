#!/bin/sh
# Says what failed first in the last operation of a stack. A nested stack is named by its ARN: ask for that one then.
# Usage: explain.sh STACK
set -eu
events=$(aws cloudformation describe-stack-events --stack-name "$1" --output text \
    --query 'StackEvents[].[LogicalResourceId, ResourceStatus, ResourceStatusReason]')

# Newest first. The reason of a custom resource has lines of its own, of which the first says it all.
printf '%s\n' "$events" | awk -F '\t' '
    $2 ~ /_FAILED$/ && $3 !~ /^Resource .* cancelled|^The following resource/ { failure = $1 ": " $3 }
    $2 ~ /^(CREATE|UPDATE|IMPORT|DELETE)_IN_PROGRESS$/ && $3 == "User Initiated" { exit }
    END {
        sub(/Received response status \[FAILED\] from custom resource\. Message returned: /, "", failure)
        print (failure ? failure : "Nothing failed.")
        exit (failure ? 1 : 0)
    }'
