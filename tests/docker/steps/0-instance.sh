# An instance, before its first task: what its user data does. Sourced by the stage.
# shellcheck shell=bash

readonly registry=123456789012.dkr.ecr.us-east-1.amazonaws.com

instance_boots() { unshare --mount --propagation private ./instance "$1"; }

# What there is of cloud-init: user data from a folder, and the scripts in it.
cloud_init_alone() {
    rm -f /etc/cloud/cloud.cfg.d/*
    cat >/etc/cloud/cloud.cfg <<'YAML'
datasource_list: [NoCloud]
cloud_init_modules: []
cloud_config_modules: []
cloud_final_modules: [scripts_user]
network: {config: disabled}
YAML
}

# The last one's settings are the ones that the engine starts with.
boot_steps() {
    cloud_init_alone
    if [[ $DISK == xfs ]]; then
        step "user data: its own disk has Docker's data, is formatted once and kept by the next boot" instance_boots own_disk
        step "user data: without one, the blank EBS volume; what has anything on it stays as it is" instance_boots ebs
        step "user data: a device that takes no file system stops no boot, and the next is taken" instance_boots no_file_system
    fi
    step "user data: settings and timers that fail stop no boot" instance_boots nothing_to_set
    step "user data: an instance without the device boots, and Docker and the agent get their settings" instance_boots no_device
}

# Before the engine starts, which reads the file again only after five seconds (Go's net/hosts.go).
names_of_aws() {
    printf '127.0.0.2 %s\n127.0.0.3 api.ecr.us-east-1.amazonaws.com monitoring.us-east-1.amazonaws.com\n' "$registry" >>/etc/hosts
}

# Of a certificate for the names, signed by itself, that this root believes.
certificate() {
    openssl req -x509 -newkey rsa:2048 -noenc -days 1 -subj /CN=mayfly-test -keyout /work/aws.key -out /work/aws.crt \
        -addext "subjectAltName=DNS:$registry,DNS:api.ecr.us-east-1.amazonaws.com,DNS:monitoring.us-east-1.amazonaws.com" 2>/dev/null
    cp /work/aws.crt /usr/local/share/ca-certificates/mayfly-test.crt
    update-ca-certificates >/dev/null
    mkdir --parents "/etc/docker/certs.d/$registry"
    cp /work/aws.crt "/etc/docker/certs.d/$registry/ca.crt"
}

# ECR is Debian's registry, which asks for the password that GetAuthorizationToken gives.
aws() {
    certificate
    python3 -c 'import bcrypt; print("AWS:" + bcrypt.hashpw(b"a-secret", bcrypt.gensalt(4)).decode())' >/work/ecr.users
    cat >/work/ecr.yml <<'YAML'
version: 0.1
storage: {filesystem: {rootdirectory: /work/ecr}, delete: {enabled: true}}
http: {addr: "127.0.0.2:443", tls: {certificate: /work/aws.crt, key: /work/aws.key}}
auth: {htpasswd: {realm: ecr, path: /work/ecr.users}}
YAML
    docker-registry serve /work/ecr.yml >/work/ecr.log 2>&1 &
    address_of_the_metadata_service
    python3 stand-in/aws.py /work/aws.crt /work/aws.key a-secret /work/metrics >/work/aws.log 2>&1 &
    within 20 curl --silent --output /dev/null "https://$registry/v2/"
    within 20 curl --silent --output /dev/null https://api.ecr.us-east-1.amazonaws.com/
}

# On the loopback interface, without iproute2: SIOCSIFADDR on an alias of it.
address_of_the_metadata_service() {
    python3 - <<'PYTHON'
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    address = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton("169.254.169.254"))
    fcntl.ioctl(any_socket, 0x8916, address)
PYTHON
}

# Puts an image into the registry as a release does it, and says by which digest: `released NAME SECONDS`, the
# time that it says it was made at.
released() {
    local name=$registry/mayfly/$1
    printf 'FROM busybox:1\nRUN echo %s >/release\n' "$2" | SOURCE_DATE_EPOCH=$2 DOCKER_BUILDKIT=1 docker build --quiet \
        --network none --build-arg "SOURCE_DATE_EPOCH=$2" --tag "$name:1" - >/dev/null
    docker login --username AWS --password-stdin "$registry" <<<a-secret >/dev/null 2>&1
    docker push --quiet "$name:1" >/dev/null
    docker logout "$registry" >/dev/null
    docker image inspect --format '{{index .RepoDigests 0}}' "$name:1"
    docker image rm --force "$name:1" >/dev/null
}

# The second part of the user data, as cloud-init runs it once Docker is up.
pulls() {
    ./user_data.py InstanceCluster=mayfly_ec2 PoolName=ec2-x64 "RunnerReference=$1" "DockerdReference=$2" LogsReference= \
        RegistryMirror= Name=mayfly </mayfly/infra/pools.yaml >/var/lib/cloud/seed/nocloud/user-data
    rm -rf /var/lib/cloud/{data,instance,instances,sem} /run/cloud-init
    cloud-init init --local >/work/cloud-init.log 2>&1
    cloud-init init >>/work/cloud-init.log 2>&1
    cloud-init modules --mode final >/work/final.log 2>&1 || { cat /work/final.log && return 1; }
    cat /work/final.log
}

images_before_the_agent() {
    aws
    local runner dockerd
    runner=$(released runner 1700000000) dockerd=$(released dockerd 1700000000)
    pulls "$runner" "$dockerd"
    # As prefer-cached asks.
    docker image inspect "$runner" "$dockerd" >/dev/null
    same "$(grep --recursive --files-with-matches --include config.json '"auth"' /root /tmp || true)" "" "what keeps the login"
}

no_image_to_pull() {
    docker image rm --force "$(docker image ls --quiet "$registry/mayfly/runner")" >/dev/null
    pulls "$registry/mayfly/runner@sha256:$(printf '0%.0s' {1..64})" nobody.invalid/dockerd:1 >/work/said
    grep 'is not pulled now; the first task pulls it' /work/said
}

measured() {
    /usr/lib/mayfly/measure
    /usr/lib/mayfly/measure
    jq --exit-status --slurp 'length == 2 and (.[0] | .pool == "ec2-x64" and .instance == "i-0123456789abcdef0"
        and ([.cpu_percent, .memory_percent, .docker_disk_percent, .docker_inode_percent] | all(. >= 0 and . <= 100)))' \
        /var/log/mayfly/host.log
    truncate --size 2M /var/log/mayfly/host.log
    /usr/lib/mayfly/measure
    same "$(wc -l </var/log/mayfly/host.log) $(stat --format %s /var/log/mayfly/host.log.1)" "1 2097152" "the log and the one before"
}

told_how_full_it_is() {
    /usr/lib/mayfly/tell
    local used
    used=$(df --output=pcent /var/lib/docker | tail -n 1 | tr -d ' %')
    same "$(jq --compact-output . /work/metrics)" \
        '{"Action":"PutMetricData","Version":"2010-08-01","Namespace":"Mayfly/mayfly/hosts","MetricData.member.1.MetricName":"DockerVolumeUsed","MetricData.member.1.Unit":"Percent","MetricData.member.1.Value":"'"$used"'"}' \
        "what CloudWatch was told"
}

pruned() {
    local old used new
    old=$(released runner 1700000001) used=$(released runner 1700000002) new=$(released runner 1700000003)
    docker login --username AWS --password-stdin "$registry" <<<a-secret >/dev/null 2>&1
    docker pull --quiet "$old" && docker pull --quiet "$used" && docker pull --quiet "$new"
    docker logout "$registry" >/dev/null
    docker tag busybox:1 amazon/amazon-ecs-pause:0.1.0
    docker create --name user "$used" true >/dev/null
    /usr/lib/mayfly/prune
    docker image inspect "$used" "$new" busybox:1 amazon/amazon-ecs-pause:0.1.0 >/dev/null
    ! docker image inspect "$old" >/dev/null 2>&1 || return 1
    docker rm user >/dev/null
    /usr/lib/mayfly/prune
    ! docker image inspect "$used" >/dev/null 2>&1 || return 1
    docker image inspect "$new" amazon/amazon-ecs-pause:0.1.0 >/dev/null
}
