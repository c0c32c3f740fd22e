# runner-init as PID 1 of a runner's container, over what GitHub's run.sh does. Sourced by the stage.
# shellcheck shell=bash
# `socket` is task.sh's.
# shellcheck disable=SC2154

# Starts a runner whose registrar answers so: `begin TASK FIRST-ANSWER WITH-LISTENER [DOCKER'S OPTIONS…]`.
begin() {
    local task=$1
    network "$task" "$2" "$3"
    shift 3
    runner "$task" --env MAYFLY_LISTENER_SECONDS=0.5 --env MAYFLY_LAST_LOOK_SECONDS=1 "$@"
}

said() { docker logs "runner-$1" 2>&1 | grep --fixed-strings "$2" >/dev/null; }

# Its exit code, and that no ticket and no JIT config is in its log.
ends_with() {
    same "$(ended runner "$1")" "$2" "its exit code" || { docker logs "runner-$1" 2>&1 | tail -n 30 && return 1; }
    ! said "$1" ticket-of-the-test || return 1
    forget "$1"
}

# Starts one, and waits for its end: `comes_to CODE WORDS-IN-ITS-LOG FIRST-ANSWER WITH-LISTENER`.
comes_to() {
    local task=run
    begin "$task" "$3" "$4"
    ended runner "$task" >/dev/null
    said "$task" "$2" || { docker logs runner-run 2>&1 && return 1; }
    ends_with "$task" "$1"
}

stopped_idle() {
    begin idle config:idle wait:60
    within 20 said idle 'Listening for Jobs'
    docker stop --time 30 runner-idle
    ends_with idle 143
}

stopped_busy() {
    begin busy config:busy wait:60
    within 20 said busy 'Running job: build'
    docker stop --time 120 runner-busy
    said busy 'Job build completed with result: Succeeded' || return 1
    ends_with busy 0
}

stopped_too_long() {
    begin endless config:endless wait:60 --env MAYFLY_STOP_TIMEOUT=6 --env MAYFLY_INTERRUPT_SECONDS=4
    within 20 said endless 'Running job: build'
    docker stop --time 30 runner-endless
    said endless 'out of time: job interrupted'
    said endless 'Exiting runner...'
    ends_with endless 0
}

no_docker() {
    begin no-docker config:job wait:60 --env MAYFLY_DOCKER_SOCKET="$socket" --env MAYFLY_DOCKER_SECONDS=2
    ended runner no-docker >/dev/null
    same "$(docker logs registrar-no-docker 2>&1)" "" "what the registrar was asked"
    ends_with no-docker 77
}

runner_init_steps() {
    step "runner-init: a job, exit 0" comes_to 0 'completed with result: Succeeded' config:job wait:60
    step "runner-init: a listener that ends without a job, exit 1" comes_to 1 'exit with code 0' config:no-job wait:60
    step "runner-init: GitHub takes its version no more, exit 7" comes_to 7 'runner program ended' config:outdated wait:60
    step "runner-init: exit 2 starts the listener again, and it has a job, exit 0" \
        comes_to 0 'Restarting runner...' config:restart wait:60
    step "runner-init: the runner no longer exists on the server, exit 78" \
        comes_to 78 'no longer exists on the server' config:removed wait:60
    step "runner-init: told to leave, idle, exit 75" comes_to 75 'told to leave' config:idle leave
    step "runner-init: told to leave before it has a JIT config, exit 76" comes_to 76 'told to leave' leave wait:60
    step "runner-init: SIGTERM while idle, exit 143" stopped_idle
    step "runner-init: SIGTERM while busy, the job ends by itself, exit 0" stopped_busy
    step "runner-init: SIGTERM while busy, out of time, the job is cancelled, exit 0" stopped_too_long
    step "runner-init: no Docker, exit 77, and nothing was asked" no_docker
}
