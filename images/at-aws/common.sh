# shellcheck shell=bash
# What the build's scripts share.

# shellcheck disable=SC2034 # for the scripts that source it
images=(runner runner-docker dockerd logs mirror runtimes)

die() {
    echo "$(basename "$0"): $1" >&2
    exit 1
}

# Logs in to ECR, and makes a builder that supports zstd.
log_in() {
    docker buildx version >/dev/null 2>&1 || die "docker buildx is not installed"
    aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
    docker buildx inspect mayfly >/dev/null 2>&1 || docker buildx create --name mayfly --driver docker-container
    docker buildx use mayfly
}
