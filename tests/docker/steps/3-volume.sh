# What an engine leaves on its volume, and who sweeps it. Sourced by the stage.
# shellcheck shell=bash

left_on() { find "$(volume "$1" docker-data)" -mindepth 1 -maxdepth 1 -printf '%f\n'; }

# A container that ends for nobody, with a file in a volume, and another that was paused.
fill() {
    docker save busybox:1 | inner "$1" load
    inner "$1" run --detach --name stubborn --volume "data:/data" busybox:1 \
        sh -c "trap '' TERM; echo data >/data/file; while :; do sleep 1; done"
    inner "$1" run --detach --name second busybox:1 sleep 600
}

# The task of the job: its runner has ended, and ECS stops the rest.
stopped() {
    fill job
    [[ $(left_on job) == engine.* ]]
    local processes
    processes=$(docker inspect --format '{{.State.Pid}}' dockerd-job)
    docker stop --time 110 dockerd-job
    same "$(docker inspect --format '{{.State.ExitCode}}' dockerd-job)" 0 "its exit code" || { docker logs --tail 20 dockerd-job && return 1; }
    same "$(left_on job)" "" "what is left on the volume"
    [[ ! -e /proc/$processes && ! -S $(volume job docker-socket)/docker.sock ]]
    ! pgrep -f 'sleep 600' || return 1
    forget job
}

killed() {
    network killed config:idle wait:60
    sidecar killed
    healthy killed
    fill killed
    docker kill dockerd-killed
    docker wait dockerd-killed
    local left
    left=$(left_on killed)
    [[ $left == engine.* && $(find "$(volume killed docker-data)" -name file | wc -l) == 1 ]]
    docker rm dockerd-killed
    sidecar killed
    healthy killed
    docker logs dockerd-killed 2>&1 | grep "deletes /var/lib/docker/$left, whose owner is gone"
    within 10 test ! -e "$(volume killed docker-data)/$left"
    same "$(left_on killed | wc -l)" 1 "the folders on the volume"
    [[ $(left_on killed) != "$left" && ! $(find "$(volume killed docker-data)" -name file) ]]
    # The same container again, as after an instance's reboot: what it had in /run is in the way of none.
    docker kill dockerd-killed
    docker start dockerd-killed
    healthy killed
    forget killed
}

shared_volume() {
    network first config:idle wait:60
    network second config:idle wait:60
    sidecar first
    healthy first
    local one both
    one=$(left_on first)
    docker run --detach --name dockerd-second --network container:registrar-second \
        --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE \
        --volume ecs-mayfly-first-docker-data:/var/lib/docker sidecar:1
    healthy second
    both=$(left_on first)
    same "$(wc -l <<<"$both")" 2 "the folders on the volume"
    grep -qx "$one" <<<"$both"
    fill first
    docker stop --time 60 dockerd-second
    same "$(left_on first)" "$one" "what the second one left"
    same "$(inner first ps --quiet | wc -l)" 2 "the first one's containers"
    forget second
    forget first
}
