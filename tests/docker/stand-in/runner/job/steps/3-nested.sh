# Docker in Docker in Docker: the sidecar's image within a container of the sidecar's engine. Sourced by the job.
# shellcheck shell=bash

# Whether it is healthy, or will not come to be.
decided() { docker inspect --format '{{.State.Health.Status}} {{.State.Status}}' "$1" | grep -E '^healthy|exited$' >/dev/null; }

nested_with() {
    local name=$1
    shift
    docker run --detach --name "$name" --volume "$name:/var/lib/docker" "$@" sidecar:1
    within 60 decided "$name" && [[ $(docker inspect --format '{{.State.Health.Status}}' "$name") == healthy ]] ||
        { docker logs "$name" 2>&1 | tail -n 30 && return 1; }
    local in_it=(docker exec --interactive "$name" docker --host unix:///run/mayfly-docker/docker.sock)
    docker save busybox:1 | "${in_it[@]}" load
    same "$("${in_it[@]}" run --rm busybox:1 echo "deep down")" "deep down" "a container in that container"
    same "$("${in_it[@]}" info --format '{{.Driver}}')" overlay2 "its storage driver"
    docker stop --time 60 "$name"
    same "$(docker inspect --format '{{.State.ExitCode}}' "$name")" 0 "its exit code"
    docker rm "$name"
    same "$(docker run --rm --volume "$name:/left" busybox:1 ls -A /left)" "" "what is left of it"
}

nested() {
    nested_with nested --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE --security-opt seccomp=/job/profile.json
}

# As people start the image docker:dind. From version 23 on an engine gives such a container what it has itself,
# and no more (moby, oci/caps/utils_linux.go).
nested_privileged() {
    nested_with nested-privileged --privileged
}

step "Docker in Docker in Docker, with the sidecar's capabilities and the host's rule" nested
step 'Docker in Docker in Docker, with --privileged' nested_privileged
