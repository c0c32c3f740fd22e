# Docker in Docker in Docker: the sidecar's image within a container of the sidecar's engine. Sourced by the job.
# shellcheck shell=bash

nested_with() {
    local name=$1
    shift
    docker run --detach --name "$name" --volume "$name:/var/lib/docker" "$@" sidecar:1
    within 60 bash -c "[[ \$(docker inspect --format '{{.State.Health.Status}}' $name) == healthy ]]" ||
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

# From version 23 on (moby, oci/caps/utils_linux.go) an engine gives such a container what it has itself. An older
# one asks for every capability there is, which the sidecar has not.
nested_privileged() {
    local version said=''
    version=$(docker version --format '{{.Server.Version}}')
    if ((${version%%.*} >= 23)) || said=$(docker run --rm --privileged busybox:1 true 2>&1); then
        nested_with nested-privileged --privileged
        return
    fi
    grep 'unable to apply caps' <<<"$said"
    echo "remark: docker run --privileged in a job: engine $version asks for capabilities that the sidecar has not"
}

step "Docker in Docker in Docker, with the sidecar's capabilities and the host's rule" nested
step 'Docker in Docker in Docker with --privileged, from engine 23 on' nested_privileged
