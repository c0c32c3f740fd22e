# The sidecar beside a runner that has a job. Sourced by the stage.
# shellcheck shell=bash
# `socket` is task.sh's.
# shellcheck disable=SC2154

# Docker's default profile, as a host has it that nobody has told anything.
without_the_rule() {
    network plain config:idle wait:60
    sidecar plain --security-opt seccomp=/default.json
    healthy plain
    docker save busybox:1 | inner plain load
    local said code=0
    said=$(inner plain run --rm busybox:1 true 2>&1) || code=$?
    echo "note: $said"
    same "$code" 125 "the exit code of docker run"
    # runc calls keyctl first; pivot_root would be next.
    grep -E 'session key' <<<"$said"
    forget plain
}

# On the container's own root, which is an overlay itself.
without_a_volume() {
    network rootless config:idle wait:60
    docker run --detach --name dockerd-rootless --network container:registrar-rootless \
        --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE sidecar:1
    same "$(ended dockerd rootless)" 77 "its exit code"
    docker logs dockerd-rootless 2>&1 | grep 'does not come up'
    forget rootless
}

sidecar_up() {
    network job config:docker wait:60
    serve_mirror container:registrar-job mirror-job
    sidecar job --env MAYFLY_REGISTRY_MIRROR=http://127.0.0.1:5000
    healthy job
    same "$(docker inspect --format '{{.HostConfig.Privileged}} {{.HostConfig.CapAdd}} {{.HostConfig.SecurityOpt}}' dockerd-job)" \
        "false [SYS_ADMIN NET_ADMIN SYS_PTRACE] []" "what it was given"
}

sidecar_is_as_it_should_be() {
    same "$(docker exec dockerd-job stat --format '%a %u:%g' "$socket")" "660 0:1001" "its socket"
    same "$(docker exec dockerd-job readlink -f /var/run/docker.sock)" "$(docker exec dockerd-job readlink -f "$socket")" \
        "the socket by the path that container jobs bind"
    # What docs/SECURITY.md says of the sidecar as a boundary.
    docker exec dockerd-job test -w /proc/sys/kernel/core_pattern
    inner job info
    same "$(inner job info --format '{{.Driver}} {{.CgroupVersion}}')" "overlay2 2" "storage and cgroups"
    local filesystem
    filesystem=$(inner job info --format '{{json .DriverStatus}}' | jq -r '.[] | select(.[0] == "Backing Filesystem") | .[1]')
    [[ $DISK == xfs ]] || { echo "remark: overlay2 is on $filesystem" && return; }
    same "$filesystem" xfs "its file system"
}

# What ECS_AWSVPC_BLOCK_IMDS adds to a task's network: a route of its own that leads nowhere (aws/amazon-ecs-cni-plugins,
# plugins/eni/engine/nsclosure.go). Whoever has NET_ADMIN in that network takes it away.
hidden_metadata() {
    local address=169.254.169.254 in_its_network user said
    network hidden config:idle wait:60
    sidecar hidden
    healthy hidden
    docker save busybox:1 | inner hidden load
    in_its_network=(nsenter --net --target "$(docker inspect --format '{{.State.Pid}}' registrar-hidden)")
    "${in_its_network[@]}" busybox ip route add blackhole "$address"
    # A job, and one that has become root by sudo.
    for user in 1001:1001 0:0; do
        said=$(docker run --rm --network container:registrar-hidden --user "$user" --cap-drop ALL --cap-add SETUID \
            --cap-add SETGID --cap-add KILL busybox:1 ip route del blackhole "$address" 2>&1) && return 1
        grep 'Operation not permitted' <<<"$said"
        "${in_its_network[@]}" busybox ip route | grep "^blackhole $address"
    done
    # What docs/SECURITY.md says of a job with Docker: the sidecar's network is the task's.
    inner hidden run --rm --network host --cap-add NET_ADMIN busybox:1 ip route del blackhole "$address"
    ! "${in_its_network[@]}" busybox ip route | grep "$address" || return 1
    forget hidden
}

# Sets off the job, once Docker is healthy. What the runner's image has is copied into empty volumes.
job_begins() {
    docker save sidecar:1 | inner job load
    runner job --env MAYFLY_DOCKER_SOCKET="$socket" --env RUNNER_TOOL_CACHE=/opt/hostedtoolcache
    same "$(docker inspect --format '{{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}}' runner-job)" "[ALL] [SETUID SETGID KILL]" \
        "what it was given"
    same "$(stat --format %u:%g "$(volume job work)" "$(volume job externals)" | sort -u)" 1001:1001 "the owner of its volumes"
    [[ -x $(volume job externals)/node20/bin/node ]]
}

# The job's own steps, out of its log, in the numbers of this run.
job_steps() {
    local line verdict='' name='' seconds='' output=''
    timeout 400 docker wait runner-job >/dev/null || true
    while read -r line; do
        if [[ $line =~ ^(ok|not\ ok)\ [0-9]+\ -\ (.*)\ \#\ ([0-9.]+)\ s$ ]]; then
            [[ ! $verdict ]] || result "$verdict" "in the job: $name" "$seconds" "$output"
            verdict=${BASH_REMATCH[1]} name=${BASH_REMATCH[2]} seconds=${BASH_REMATCH[3]} output=''
        elif [[ $line == '# '* ]]; then
            output+=${line#\# }$'\n'
        elif [[ $line == 'remark: '* ]]; then
            remark "${line#remark: }"
        fi
    done < <(docker logs runner-job 2>&1)
    [[ ! $verdict ]] || result "$verdict" "in the job: $name" "$seconds" "$output"
}

job_ends() {
    local log
    log=$(docker logs runner-job 2>&1)
    same "$(ended runner job)" 0 "the runner's exit code" || { echo "$log" && return 1; }
    grep -q '^job done$' <<<"$log" || { echo "$log" && return 1; }
    grep -q 'Job build completed with result: Succeeded' <<<"$log"
    docker rm --force mirror-job
}
