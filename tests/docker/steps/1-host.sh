# The host: its engine, the images, and a mirror of Docker Hub. Sourced by the stage.
# shellcheck shell=bash

# As start.sh does it, one level up: processes aside, so that controllers are handed on.
host_cgroups() {
    local cgroup=/sys/fs/cgroup controllers controller
    mount -t cgroup2 cgroup "$cgroup"
    mkdir "$cgroup/stage"
    echo "$$" >"$cgroup/stage/cgroup.procs"
    controllers=$(<"$cgroup/cgroup.controllers")
    if [[ ! $controllers ]]; then
        echo "remark: no limits on memory and CPU: this machine has its cgroup controllers in version 1"
    fi
    for controller in $controllers; do
        echo "+$controller" >"$cgroup/cgroup.subtree_control" || echo "remark: no cgroup controller $controller"
    done
}

# With an instance's own daemon.json, which its user data has written. Tasks have networks of their own.
host_engine() {
    host_cgroups
    ip link set lo up 2>/dev/null || python3 - <<'PYTHON'
import fcntl, socket, struct
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1 | 64))
PYTHON
    /mayfly/images/host/seccomp/make_profile.py --compare /default.json
    jq 'del(."exec-opts")' /etc/docker/daemon.json >/work/daemon.json
    echo "remark: an instance's cgroups are systemd's, which is not here"
    names_of_aws
    dockerd --config-file /work/daemon.json --data-root /disk/docker --bridge none --iptables=false >/work/engine.log 2>&1 &
    within 30 docker info >/dev/null 2>&1 || { tail -n 30 /work/engine.log && return 1; }
    same "$(docker info --format '{{.CgroupVersion}}')" 2 "the version of cgroups"
    echo "remark: Debian's engine $(docker version --format '{{.Server.Version}}') for the pinned one"
    same "$(docker info --format '{{.Driver}} {{.SecurityOptions}} {{.RegistryConfig.Mirrors}}')" \
        "overlay2 [name=seccomp,profile=/etc/mayfly/seccomp.json name=cgroupns] [http://127.0.0.1:5000/]" "what daemon.json set"
}

images() {
    tar --create --directory / --one-file-system --exclude=./{old,work,mayfly,disk,etc/docker} . | docker import - base:1
    local applet
    mkdir -p /tmp/busybox/{bin,etc,root,tmp} /tmp/runner
    chmod 1777 /tmp/busybox/tmp
    cp /bin/busybox /tmp/busybox/bin/
    for applet in $(busybox --list); do
        [[ $applet == busybox ]] || ln -s busybox "/tmp/busybox/bin/$applet"
    done
    tar --create --directory /tmp/busybox . | docker import - busybox:1

    # Debian's programs where the Dockerfile looks for the pinned ones.
    docker build --quiet --network none --tag engine:1 - <<'DOCKERFILE'
FROM base:1
RUN mkdir /engine && cd /engine && cp $(command -v docker dockerd containerd containerd-shim-runc-v2 docker-proxy runc) . \
    && cp $(command -v docker-init || command -v tini-static || command -v tini) docker-init
DOCKERFILE
    DOCKER_BUILDKIT=1 docker build --progress plain --network none --tag sidecar:1 \
        --build-arg BASE_IMAGE=base:1 --build-arg ENGINE=engine:1 /mayfly/images/dockerd

    cp -r stand-in/runner/. tap.sh /work/runner-init /tmp/runner/
    mv /tmp/runner/tap.sh /tmp/runner/job/
    cp /etc/mayfly/seccomp.json /tmp/runner/job/profile.json
    docker build --quiet --network none --tag runner:1 /tmp/runner
}

# `serve_mirror NETWORK NAME`: the mirror, and behind it Docker Hub with what was pushed to any of them.
serve_mirror() {
    docker run --detach --name "$2" --network "$1" --volume hub:/var/lib/hub --volume /mayfly/images/mirror:/mirror:ro \
        --volume /mayfly/tests/docker/stand-in:/stand-in:ro base:1 /stand-in/mirror.sh
    within 60 docker exec "$2" curl --fail --silent --output /dev/null http://127.0.0.1:5000/v2/
}

mirror() {
    echo "remark: Debian's registry $(docker-registry --version | cut -d ' ' -f 3) for the pinned one, with keys for a task's role; moto for S3"
    docker volume create hub
    serve_mirror host mirror
    docker tag busybox:1 127.0.0.1:5001/library/busybox:1
    docker push 127.0.0.1:5001/library/busybox:1
}

has_through() { same "$(docker run --rm --network none through:1 cat /through)" "from Docker Hub" "what was pulled"; }

# A manifest, a configuration and a layer. Version 2.8 keeps what it has served a moment later.
is_kept() {
    local kept
    kept=$(curl --silent 'http://127.0.0.1:5002/mirror?list-type=2&prefix=hub/docker/registry/v2/blobs' | grep --only-matching '/data<' | wc -l)
    ((kept >= 3))
}

# By the name that is Docker Hub's; no dockerd reaches that.
pulled_through() {
    local name=127.0.0.1:5001/library/through:1
    cp --recursive /tmp/busybox /tmp/through
    echo "from Docker Hub" >/tmp/through/through
    tar --create --directory /tmp/through . | docker import - "$name"
    docker push "$name"
    docker image rm --force "$name"
    docker pull through:1
    has_through
    within 20 is_kept
    # A push is for Docker Hub's owners: the mirror takes none.
    docker tag through:1 127.0.0.1:5000/library/through:2
    ! docker push 127.0.0.1:5000/library/through:2 || return 1
    docker image rm --force through:1 127.0.0.1:5000/library/through:2

    # shellcheck disable=SC2016
    docker exec mirror sh -c 'kill "$(cat /run/hub.pid)"'
    within 10 eval '! curl --silent --output /dev/null http://127.0.0.1:5001/v2/'
    ! docker image inspect through:1 2>/dev/null || return 1
    docker pull through:1
    has_through
    docker image rm --force through:1
    docker rm --force mirror
}
