#!/usr/bin/env bash
# PID 1 of the Docker sidecar: starts dockerd without privileges beyond SYS_ADMIN, NET_ADMIN and SYS_PTRACE,
# and leaves nothing of it on the task's volume. Arguments go to dockerd.
#
#     MAYFLY_DOCKER_SOCKET     the socket, in the volume that the runner has too
#     MAYFLY_DOCKER_GROUP      the runner's group id, to which the socket belongs
#     MAYFLY_DOCKER_VOLUME     where the volume for Docker's data is: XFS or ext4
#     MAYFLY_REGISTRY_MIRROR   a mirror of Docker Hub, as a URL; none where it is empty
#
# Exit codes: 0 it was asked to stop; 77 Docker cannot run here; 1 dockerd ended by itself.
set -euo pipefail

socket=${MAYFLY_DOCKER_SOCKET:-/run/mayfly-docker/docker.sock}
group=${MAYFLY_DOCKER_GROUP:-1001}
volume=${MAYFLY_DOCKER_VOLUME:-/var/lib/docker}
mirror=${MAYFLY_REGISTRY_MIRROR:-}

readonly unavailable=77
# Longest wait for dockerd to answer, in seconds. PID 1 of the runner waits for 120.
readonly patience=60
# dockerd's wait for its containers at the end, in seconds. ECS kills all after 120.
readonly farewell=15

home='' dockerd='' stopping=''
left=()

say() { echo "dockerd: $*"; }

fail() {
    say "$*" >&2
    exit "$unavailable"
}

# Docker gives a container these two read-only; the second is no mount where it does not.
open_mounts() {
    mount -o remount,rw /sys/fs/cgroup || fail "/sys/fs/cgroup stays read-only: SYS_ADMIN is missing"
    ! mountpoint --quiet /proc/sys || mount -o remount,bind,rw /proc/sys || fail "/proc/sys stays read-only"
    # What a container mounts below a shared folder is seen by others that have the folder.
    mount --make-rshared /
}

# A cgroup that has processes of its own hands no controller on, so they move aside. No child is made
# meanwhile: it would be one more to move.
open_cgroups() {
    local cgroup=/sys/fs/cgroup controllers controller pid
    [[ -e $cgroup/cgroup.controllers ]] || fail "the host has no cgroup v2"
    mkdir -p "$cgroup/init"
    while read -r pid; do
        echo "$pid" >"$cgroup/init/cgroup.procs" || true
    done <"$cgroup/cgroup.procs"
    controllers=$(<"$cgroup/cgroup.controllers")
    [[ $controllers ]] || say "no cgroup controller is here: containers have no limits" >&2
    for controller in $controllers; do
        echo "+$controller" >"$cgroup/cgroup.subtree_control" || say "cgroup controller $controller is not handed on" >&2
    done
}

# Deletes a folder and what is mounted in it. A process that was just killed may be in it for a moment yet.
delete() {
    local mounted try
    for try in 1 2 3 4 5; do
        while read -r mounted; do
            umount --lazy "$mounted" || true
        done < <(awk -v in_it="$1/" 'index($5 "/", in_it) == 1 { print $5 }' /proc/self/mountinfo | tac)
        rm -rf "$1" && return
        sleep "0.$try"
    done
    say "$1 cannot be deleted" >&2
}

# Each engine has a folder of its own, and holds a lock on it for as long as its PID 1 lives, in whichever
# container. A folder whose lock is free is what a killed one left, and the lock is taken. One at a time looks
# and makes. Locks are on the folders themselves, so that no file stays on the volume.
make_home() {
    local folder lock turn
    mkdir -p "$volume"
    exec {turn}<"$volume"
    flock "$turn"
    for folder in "$volume"/engine.*; do
        [[ -d $folder ]] || continue
        exec {lock}<"$folder"
        if flock --nonblock "$lock"; then
            left+=("$folder")
        else
            exec {lock}<&-
        fi
    done
    home=$(mktemp --directory "$volume/engine.XXXXXXXXXX")
    chmod 711 "$home"
    exec {lock}<"$home"
    flock --nonblock "$lock"
    exec {turn}<&-
}

# Nobody waits for it: a job may have left millions of files.
sweep() {
    local folder
    for folder in "${left[@]}"; do
        say "deletes $folder, whose owner is gone"
        delete "$folder"
    done
}

# No process of this container but this one survives it.
end() {
    local code=$?
    trap - EXIT
    trap '' TERM INT
    if [[ $dockerd ]]; then
        kill -TERM "$dockerd" 2>/dev/null || true
        wait "$dockerd" || true
    fi
    # All that is left, where this is PID 1.
    if (($$ == 1)); then kill -KILL -1 2>/dev/null || true; fi
    rm -f "$socket"
    local folder
    for folder in ${home:+"$home"} "${left[@]}"; do delete "$folder"; done
    exit "$code"
}

start() {
    local options=(
        --data-root "$home/data" --exec-root /run/docker --pidfile /run/docker.pid
        --host "unix://$socket" --group "$group" --shutdown-timeout "$farewell"
        # Named, it is this one or none; else dockerd takes what is slow and large without a word.
        --storage-driver overlay2
    )
    if [[ $mirror ]]; then options+=(--registry-mirror "$mirror"); fi
    # What a PID 1 before this one left in a container that is started again.
    rm -rf /run/docker /run/docker.pid "$socket"
    mkdir -p "$(dirname "$socket")"
    # Container jobs bind it by this path, which is dockerd's.
    ln -sfn "$socket" /var/run/docker.sock
    # Without the locks: they are this process's alone.
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            if ((fd > 2)); then exec {fd}<&-; fi
        done
        exec dockerd "${options[@]}" "$@"
    ) 2>&1 &
    dockerd=$!
}

# Until it answers, with the storage that it has to have.
until_up() {
    local until=$((SECONDS + patience)) driver
    until driver=$(docker --host "unix://$socket" info --format '{{.Driver}}' 2>/dev/null) && [[ $driver ]]; do
        [[ ! $stopping ]] || return 0
        kill -0 "$dockerd" 2>/dev/null || fail "dockerd does not come up; the lines above say why"
        ((SECONDS < until)) || fail "dockerd does not answer in $patience seconds"
        sleep 0.1
    done
    [[ $driver == overlay2 ]] || fail "the storage driver is $driver, and has to be overlay2"
    say "up, with overlay2 on $(stat --file-system --format %T "$home")"
}

trap 'stopping=yes' TERM INT
trap end EXIT
open_mounts
open_cgroups
make_home
sweep &
start "$@"
until_up
while [[ ! $stopping ]] && kill -0 "$dockerd" 2>/dev/null; do
    wait "$dockerd" || true
done
[[ $stopping ]] || { say "ended by itself" >&2 && exit 1; }
say "asked to stop"
