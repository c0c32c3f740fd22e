# Steps that print TAP, and what is said about them at the end. Sourced.
# shellcheck shell=bash

number=0 failed=0
remarks=()

# Something that the last line has to say.
remark() { remarks+=("$1"); }

# One line of TAP. What a step has written follows one that failed.
result() {
    local verdict=$1 name=$2 seconds=$3 output=$4
    number=$((number + 1))
    echo "$verdict $number - $name # $seconds s"
    if [[ $verdict == 'not ok' ]]; then
        failed=$((failed + 1))
        # shellcheck disable=SC2001
        sed 's/^/# /' <<<"$output"
    else
        sed -n 's/^note: /# /p' <<<"$output"
    fi
}

# Runs a function as a step: `step NAME FUNCTION ARGUMENT…`. A line `remark: …` of it goes to the end, and a line
# `note: …` stands below its result.
step() {
    local name=$1 began=$EPOCHREALTIME code=0 output line
    shift
    # Not in a condition, where `set -e` would not hold.
    set +e
    output=$(
        set -e
        exec 2>&1
        "$@"
    )
    code=$?
    set -e
    while read -r line; do remark "${line#remark: }"; done < <(grep '^remark: ' <<<"$output")
    local verdict=ok
    ((code == 0)) || verdict='not ok'
    result "$verdict" "$name" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" "$output"
    return 0
}

# Fails with what differs.
same() { [[ $1 == "$2" ]] || { echo "${3:-it} is: $1" && echo "and not: $2" && return 1; }; }

# Waits until a command succeeds, at most this many seconds.
within() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < until)) || { echo "does not come to hold: $*" && return 1; }
        sleep 0.1
    done
}

# The plan, and the last line.
finish() {
    echo "1..$number"
    local all
    printf -v all '; %s' "${remarks[@]}"
    echo "test-docker: $((number - failed)) of $number steps ok in $SECONDS s${all/#; /. Replaced or not allowed: }"
    ((failed == 0))
}
