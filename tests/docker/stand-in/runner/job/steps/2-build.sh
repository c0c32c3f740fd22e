# Builds and compositions. Sourced by the job.
# shellcheck shell=bash

dockerfile() {
    mkdir -p build
    cat >build/Dockerfile <<'DOCKERFILE'
FROM busybox:1 AS first
RUN echo "made by $(id -u)" >/made && mkdir /root-only && chown 1234 /root-only
FROM busybox:1
COPY --from=first /made /made
COPY file /file
RUN cat /made /file >/both
DOCKERFILE
    echo "from the job, $1" >build/file
}

build() {
    dockerfile classic
    DOCKER_BUILDKIT=0 docker build --tag "built:classic" build
    same "$(docker run --rm "built:classic" cat /both | xargs)" "made by 0 from the job, classic" "what was built"
}

build_kit() {
    dockerfile buildkit
    DOCKER_BUILDKIT=1 docker build --progress plain --tag built:buildkit build
    same "$(docker run --rm built:buildkit cat /both | xargs)" "made by 0 from the job, buildkit" "what was built"
}

compose() {
    mkdir -p compose && cat >compose/docker-compose.yml <<'YAML'
services:
  web:
    image: busybox:1
    command: sh -c "mkdir /www && echo served >/www/index.html && httpd -f -p 80 -h /www"
    ports: ["127.0.0.1:18080:80"]
  client:
    image: busybox:1
    depends_on: [web]
    volumes: ["./:/here"]
    command: sh -c "until wget -q -O /here/got http://web/; do sleep 0.2; done; chmod 666 /here/got; sleep 600"
YAML
    cd compose || return
    chmod 777 .
    docker compose up --detach
    within 20 test -s got
    same "$(cat got)" served "what one service has of the other"
    same "$(curl --fail --silent --max-time 5 http://127.0.0.1:18080/)" served "what the job has of it"
    docker compose down --timeout 1
    ! curl --silent --max-time 1 http://127.0.0.1:18080/ || return 1
}

step 'docker build, by the classic builder' build
step 'docker build, by BuildKit' build_kit
step 'docker compose up: two services, and a port that the job reaches' compose
