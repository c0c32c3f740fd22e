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

# The registry in a task's network has what was pushed to one on this side: no dockerd asks Docker Hub itself.
mirror() {
    docker volume create mirror
    cat >/work/mirror.yml <<'YAML'
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/mirror}}
http: {addr: "127.0.0.1:5000"}
YAML
    serve_mirror host mirror
    within 20 curl --fail --silent --output /dev/null http://127.0.0.1:5000/v2/
    docker tag busybox:1 127.0.0.1:5000/library/busybox:1
    docker push 127.0.0.1:5000/library/busybox:1
    docker rm --force mirror
}

serve_mirror() {
    docker run --detach --name "$2" --network "$1" --volume mirror:/var/lib/mirror --volume /work:/work:ro \
        base:1 docker-registry serve /work/mirror.yml
}
