#!/usr/bin/env bash
# The health check of the Docker sidecar: dockerd answers on its socket, and uses overlay2.
set -euo pipefail

driver=$(timeout 4 docker --host "unix://${MAYFLY_DOCKER_SOCKET:-/run/mayfly-docker/docker.sock}" info --format '{{.Driver}}')
[[ $driver == overlay2 ]]
