#!/usr/bin/env bash
# A stand-in for GitHub's run.sh, by its published behaviour (actions/runner, src/Misc/layoutroot/run.sh):
# where RUNNER_MANUALLY_TRAP_SIG is set, a helper runs in a process group of its own, and TERM and INT go to
# that group as INT. A helper that ends with 2 is run again; any other code is the end, and is passed on.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
[[ ${RUNNER_MANUALLY_TRAP_SIG:-} ]] || { echo "the stand-in knows the way with RUNNER_MANUALLY_TRAP_SIG only" >&2 && exit 1; }

set -m
helper='' signalled=''
pass_on() {
    signalled=yes
    kill -INT -- "-$helper"
}
trap pass_on INT TERM

while true; do
    # It stands beside this script, so the folder has to be writable.
    cp -f "$here/run-helper.sh.template" "$here/run-helper.sh"
    "$here/run-helper.sh" "$@" &
    helper=$!
    wait "$helper"
    code=$?
    if [[ $signalled ]]; then
        wait "$helper"
        code=$?
    fi
    if ((code != 2)); then
        echo "Exiting runner..."
        exit "$code"
    fi
    echo "Restarting runner..."
done
