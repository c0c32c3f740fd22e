#!/usr/bin/env bash
# PID 1 of the Docker sidecar: starts dockerd with no privileges beyond SYS_ADMIN, NET_ADMIN and SYS_PTRACE,
# and leaves nothing on the task's volume. It passes its arguments to dockerd.
#
#     MAYFLY_DOCKER_SOCKET     the socket, in a volume that it shares with the runner
#     MAYFLY_DOCKER_GROUP      the id of the runner's group, which owns the socket
#     MAYFLY_DOCKER_VOLUME     the path of the volume for Docker's data: XFS or ext4
#     MAYFLY_REGISTRY_MIRROR   the URL of a mirror of Docker Hub; empty for none
#
# Exit codes: 0 asked to stop; 77 Docker cannot run here; 1 dockerd ended unasked.
set -euo pipefail

socket=${MAYFLY_DOCKER_SOCKET:-/run/mayfly-docker/docker.sock}
group=${MAYFLY_DOCKER_GROUP:-1001}
volume=${MAYFLY_DOCKER_VOLUME:-/var/lib/docker}
mirror=${MAYFLY_REGISTRY_MIRROR:-}

readonly unavailable=77
# Longest wait for dockerd to answer, in seconds. The runner's PID 1 waits for 120.
readonly patience=60
# How long dockerd waits for its containers to stop, in seconds. ECS kills everything after 120.
readonly farewell=15

home='' dockerd='' stopping=''
left=()

say() { echo "dockerd: $*"; }

fail() {
    say "$*" >&2
    exit "$unavailable"
}

# Docker mounts these two read-only; otherwise the second is not a mount.
open_mounts() {
    mount -o remount,rw /sys/fs/cgroup || fail "/sys/fs/cgroup stays read-only: SYS_ADMIN is missing"
    ! mountpoint --quiet /proc/sys || mount -o remount,bind,rw /proc/sys || fail "/proc/sys stays read-only"
    # Containers that share a folder see what one of them mounts in it.
    mount --make-rshared /
}

# A cgroup with processes of its own cannot pass controllers on, so they move to a sub-group. The loop starts no child
# process, which would be one more to move.
open_cgroups() {
    local cgroup=/sys/fs/cgroup controllers controller pid
    [[ -e $cgroup/cgroup.controllers ]] || fail "the host has no cgroup v2"
    mkdir -p "$cgroup/init"
    while read -r pid; do
        echo "$pid" >"$cgroup/init/cgroup.procs" || true
    done <"$cgroup/cgroup.procs"
    controllers=$(<"$cgroup/cgroup.controllers")
    [[ $controllers ]] || say "the host has no cgroup controllers: containers have no limits" >&2
    for controller in $controllers; do
        echo "+$controller" >"$cgroup/cgroup.subtree_control" || say "cgroup controller $controller cannot be passed on" >&2
    done
}

# Deletes a folder and what is mounted in it. A process that was just killed may still be in it for a moment.
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

# Each engine has a folder of its own, and locks it for as long as its PID 1 lives, in any container. A folder whose
# lock is free was left by a killed engine, and this one takes the lock. Only one engine at a time does this. The locks
# are on the folders themselves, so no lock file stays on the volume.
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

# Runs in the background: a job may have left millions of files.
sweep() {
    local folder
    for folder in "${left[@]}"; do
        say "deletes $folder, whose owner is gone"
        delete "$folder"
    done
}

# Ends every other process of this container.
end() {
    local code=$?
    trap - EXIT
    trap '' TERM INT
    if [[ $dockerd ]]; then
        kill -TERM "$dockerd" 2>/dev/null || true
        wait "$dockerd" || true
    fi
    # As PID 1, kills all that is left.
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
        # If it is named, dockerd uses this one or fails; otherwise it falls back silently to a slow and large one.
        --storage-driver overlay2
    )
    if [[ $mirror ]]; then options+=(--registry-mirror "$mirror"); fi
    # Left by an earlier PID 1 if the container was restarted.
    rm -rf /run/docker /run/docker.pid "$socket"
    mkdir -p "$(dirname "$socket")"
    # Container jobs mount this path, which dockerd resolves.
    ln -sfn "$socket" /var/run/docker.sock
    # Closes the locks for dockerd: only this process holds them.
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            if ((fd > 2)); then exec {fd}<&-; fi
        done
        exec dockerd "${options[@]}" "$@"
    ) 2>&1 &
    dockerd=$!
}

# Waits until dockerd answers, and checks its storage driver.
until_up() {
    local until=$((SECONDS + patience)) driver
    until driver=$(docker --host "unix://$socket" info --format '{{.Driver}}' 2>/dev/null) && [[ $driver ]]; do
        [[ ! $stopping ]] || return 0
        kill -0 "$dockerd" 2>/dev/null || fail "dockerd does not come up; the lines above say why"
        ((SECONDS < until)) || fail "dockerd does not answer in $patience seconds"
        sleep 0.1
    done
    [[ $driver == overlay2 ]] || fail "the storage driver is $driver, and must be overlay2"
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
[[ $stopping ]] || { say "ended unexpectedly" >&2 && exit 1; }
say "asked to stop"
