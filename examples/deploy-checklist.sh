#!/bin/sh
# A step of a deployment's checklist: nothing goes out with an address that will go astray.
#
#     deploy-checklist.sh RELEASE ENV_FILE
#
# RELEASE is the directory that will be deployed, ENV_FILE the environment it will run with. Exit
# status 0: go on; 1: findings; 2: could not check.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 RELEASE ENV_FILE" >&2
    exit 2
fi
release=$1
env_file=$2

status=0
# The values alone, then every script and configuration with these values.
astray check --type env "$env_file" || status=$?
[ "$status" -lt 2 ] || exit "$status"
astray check --no-ignore --with-env "$env_file" "$release" || {
    second=$?
    [ "$second" -le "$status" ] || status=$second
}
if [ "$status" -eq 0 ]; then
    echo "addresses: fine"
fi
exit "$status"
