# User namespaces for nested containers: the engine's own remapping, by which a container's root is nobody
# outside of it. Sourced by the stage.
# shellcheck shell=bash

# Prints the map of user ids in a nested container, or why there is none. `remapped SIDECAR'S-ARGUMENT…`.
remapped() {
    # It is called in conditions, where `set -e` does not hold.
    network users config:idle wait:60 && sidecar users "$@" && healthy users &&
        docker save busybox:1 | inner users load >/dev/null &&
        inner users run --rm busybox:1 cat /proc/self/uid_map
}

# A kernel mounts no new /proc in a user namespace while parts of every /proc that is there are covered, and
# Docker covers parts of each container's. Beside an uncovered one it does.
user_namespaces() {
    local said code=0
    said=$(remapped -- --userns-remap default 2>&1) || code=$?
    echo "note: $(tail -n 1 <<<"$said")"
    if ((code == 0)); then
        echo "remark: user namespaces for nested containers work (user ids $(tail -n 1 <<<"$said" | xargs))"
        return
    fi
    grep -o 'mounting "proc".* operation not permitted' <<<"$said"
    local uncovered='mkdir -p /run/uncovered/proc /run/uncovered/sys && mount -t proc proc /run/uncovered/proc &&
        mount -t sysfs sysfs /run/uncovered/sys && exec /start.sh "$@"'
    code=0
    said=$(remapped --entrypoint bash -- -c "$uncovered" start --userns-remap default 2>&1) || code=$?
    echo "$said"
    if ((code == 0)); then
        said="where it mounts an uncovered /proc and /sys they work (user ids $(tail -n 1 <<<"$said" | xargs))"
    else
        said="nor with an uncovered /proc and /sys: $(tail -n 1 <<<"$said")"
    fi
    echo "remark: user namespaces for nested containers do not work as the sidecar is (the kernel mounts no /proc there); $said"
    forget users
}
