# What a job is in its container, and the containers that it starts. Sourced by the job.
# shellcheck shell=bash

unprivileged() {
    same "$(id -u):$(id -g):$(id -G)" 1001:1001:1001 "the job's user"
    same "$(awk '/^Cap(Prm|Eff|Amb)/ { print $2 }' /proc/self/status | sort -u)" 0000000000000000 "its capabilities"
    same "$(awk '/^NoNewPrivs/ { print $2 }' /proc/self/status)" 1 NoNewPrivs
    same "$(cat /proc/1/comm)" runner-init "PID 1"
    ! env | grep -E '^(MAYFLY|AWS|ECS)_' || return 1
    # GitHub's runner takes no container job where it finds itself in a cgroup of that name
    # (actions/runner, ContainerOperationProvider.cs).
    ! grep ':/docker/' /proc/1/cgroup || return 1
    # The numbers of keyctl and pivot_root; EPERM is 1. PID 1 keeps root's SETUID, and that is not enough.
    python3 - <<'PYTHON'
import ctypes, errno, platform
numbers = {"x86_64": (250, 155), "aarch64": (219, 41)}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)
for number in numbers:
    assert libc.syscall(number, 0, 0, 0, 0, 0) == -1 and ctypes.get_errno() == errno.EPERM, number
PYTHON
}

pull() {
    docker pull busybox:1
    same "$(docker run --rm busybox:1 echo hello)" hello
}

as_another_user() {
    mkdir -p "$PWD/out" && chmod 777 "$PWD/out"
    echo in >"$PWD/in"
    docker run --rm --user 1234:1234 --volume "$PWD:$PWD" --workdir "$PWD" busybox:1 \
        sh -c 'id -u >out/id && cat in >out/in && touch out/mine'
    same "$(cat out/id) $(cat out/in)" "1234 in" "what it wrote"
    same "$(stat --format %u:%g out/mine)" 1234:1234 "its file's owner"
    docker run --rm --volume "$PWD:$PWD" busybox:1 rm -r "$PWD/out"
    [[ ! -e $PWD/out ]]
}

# actions/runner, ContainerOperationProvider.cs and ContainerInfo.cs: each of these by the paths of the
# daemon, an entry point that waits, and every step by `docker exec`.
container_job() {
    local home=/home/runner work=/home/runner/_work network=github_network_1
    mkdir -p "$work"/_temp/{_github_home,_github_workflow} && echo event >"$work/_temp/_github_workflow/event.json"
    # shellcheck disable=SC2016
    echo 'echo "$1 in $PWD"' >"$work/_temp/step.sh"
    mkdir /opt/hostedtoolcache/set-up-by-the-job
    docker network create "$network"
    docker create --name job --workdir /__w/repository/repository --network "$network" \
        --env HOME=/github/home --env GITHUB_ACTIONS=true \
        --volume /var/run/docker.sock:/var/run/docker.sock \
        --volume "$work:/__w" --volume "$home/externals:/__e:ro" --volume "$work/_temp:/__w/_temp" \
        --volume "$work/_actions:/__w/_actions" --volume /opt/hostedtoolcache:/__t \
        --volume "$work/_temp/_github_home:/github/home" --volume "$work/_temp/_github_workflow:/github/workflow" \
        --entrypoint tail sidecar:1 -f /dev/null
    docker start job
    local in_it=(docker exec --interactive job)
    same "$("${in_it[@]}" sh -e /__w/_temp/step.sh step)" "step in /__w/repository/repository" "a step's script"
    same "$("${in_it[@]}" cat in /github/workflow/event.json | xargs)" "in event" "what the job left for it"
    same "$("${in_it[@]}" /__e/node20/bin/node echo node)" node "an action's node"
    "${in_it[@]}" test -d /__t/python/3.13.0/x64 -a -d /__t/set-up-by-the-job
    ! "${in_it[@]}" touch /__e/mine || return 1
    same "$("${in_it[@]}" docker ps --quiet --filter name=job | wc -l)" 1 "what it sees of Docker"
    # shellcheck disable=SC2016
    "${in_it[@]}" sh -c 'echo home >$HOME/file'
    same "$(cat "$work/_temp/_github_home/file")" home "what it left for the job"
    docker rm --force job
    docker network rm "$network"
}

step 'a job has no capability, no way to one, and neither keyctl nor pivot_root' unprivileged
step 'docker pull takes an image from the mirror' pull
step 'docker run, as another user, with the workspace at its own path' as_another_user
step "a container job, with the mounts that GitHub's runner makes" container_job
