#!/bin/sh
# Invokes the function once and fails when it fails: `aws lambda invoke` itself exits with 0 then.
# Usage: invoke.sh FUNCTION [EVENT], for example: invoke.sh migrate '{"action": "status"}'
set -eu
event='{"action": "deploy"}'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s' "${2:-$event}" >"$work/event.json"

# One request, however long it takes: the CLI would give up after 60 s and invoke the function again.
# fileb:// is sent as it is by version 1 and by version 2 of the CLI.
error=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$1" --cli-read-timeout 0 \
    --payload "fileb://$work/event.json" --query FunctionError --output text "$work/answer.json")
cat "$work/answer.json"
echo
[ "$error" = None ]
