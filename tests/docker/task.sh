# Tasks as ECS starts them: the containers of one, with its volumes and its network. Sourced by the stage.
# shellcheck shell=bash

socket=/run/mayfly-docker/docker.sock
# By one path in both containers, as the task definitions have them.
shared=(work:/home/runner/_work externals:/home/runner/externals tools:/opt/hostedtoolcache docker-socket:/run/mayfly-docker)

# The mounts of a task's container: ECS makes local volumes of such names.
mounts() {
    local task=$1 mount
    shift
    for mount in "$@"; do printf '%s\n' --volume "ecs-mayfly-$task-$mount"; done
}

# Where this machine sees a volume of a task.
volume() { docker volume inspect --format '{{.Mountpoint}}' "ecs-mayfly-$1-$2"; }

# A container that goes on: `begun NAME DOCKER'S ARGUMENTS…`. On a busy machine runc may give up before a container's
# first process is there ("waiting for init preliminary setup"), which says nothing of the container: once more.
begun() {
    local name=$1
    shift
    docker run --detach --name "$name" "$@" >/dev/null || docker start "$name" >/dev/null
}

# The network of a task, which its registrar holds: `network TASK WITHOUT-LISTENER WITH-LISTENER`.
network() {
    forget "$1"
    begun "registrar-$1" --network none --volume /mayfly/tests/docker/stand-in:/stand-in:ro \
        base:1 python3 /stand-in/registrar.py "$2" "$3"
}

# The sidecar: `sidecar TASK [DOCKER'S OPTIONS…] [-- DOCKERD'S ARGUMENTS…]`. Not privileged.
sidecar() {
    local task=$1 options=() volumes
    shift
    while (($#)) && [[ $1 != -- ]]; do options+=("$1") && shift; done
    shift || true
    readarray -t volumes < <(mounts "$task" "${shared[@]}" docker-data:/var/lib/docker)
    begun "dockerd-$task" --network "container:registrar-$task" --health-interval 1s \
        --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE \
        "${volumes[@]}" "${options[@]}" sidecar:1 "$@"
}

health() { docker inspect --format '{{.State.Health.Status}}' "dockerd-$1"; }

has_decided() { [[ $(health "$1") == healthy || $(docker inspect --format '{{.State.Running}}' "dockerd-$1") == false ]]; }

# Waits for HEALTHY, as ECS does; shows the sidecar's log where it does not come.
healthy() {
    if within 60 has_decided "$1" && [[ $(health "$1") == healthy ]]; then return; fi
    docker logs "dockerd-$1" 2>&1 | tail -n 40
    return 1
}

# The client in a sidecar.
inner() {
    local task=$1
    shift
    docker exec --interactive "dockerd-$task" docker --host "unix://$socket" "$@"
}

# The runner, with what its PID 1 may do: `runner TASK [DOCKER'S OPTIONS…]`.
runner() {
    local task=$1 volumes
    shift
    readarray -t volumes < <(mounts "$task" "${shared[@]}")
    begun "runner-$task" --network "container:registrar-$task" \
        --cap-drop ALL --cap-add SETUID --cap-add SETGID --cap-add KILL \
        --env MAYFLY_TICKET=ticket-of-the-test --env MAYFLY_REGISTRAR_URL=http://127.0.0.1:8080/ \
        "${volumes[@]}" "$@" runner:1
}

# The exit code of a task's container, once it has ended.
ended() { timeout "${3:-60}" docker wait "$1-$2" || { docker logs "$1-$2" 2>&1 | tail -n 40 && return 1; }; }

# Away with a task and its volumes, as ECS's clean-up does it.
forget() {
    docker rm --force "runner-$1" "dockerd-$1" "registrar-$1" >/dev/null 2>&1 || true
    local volumes
    readarray -t volumes < <(docker volume ls --quiet --filter "name=ecs-mayfly-$1-")
    ((${#volumes[@]} == 0)) || docker volume rm "${volumes[@]}" >/dev/null
}
