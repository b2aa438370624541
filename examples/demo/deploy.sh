#!/bin/sh
# A deployment step as they are: it waits for the service, then tells where it is.
# API_ADDR comes from the job that calls it.
set -u
echo "deploy: asking http://$API_ADDR/health"
curl -fsS --max-time 10 "http://$API_ADDR/health" || {
    echo "deploy: the service does not answer" >&2
    exit 1
}
