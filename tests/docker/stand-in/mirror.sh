#!/usr/bin/env bash
# The mirror of Docker Hub as images/mirror ships it, at 127.0.0.1:5000, with what stands around it: a registry in the
# place of Docker Hub, whose folder is /var/lib/hub, and moto in S3's.
#
# Debian's registry is version 2.8: it knows no `ttl`, and S3 by keys and an endpoint; the shipped one is version 3.
set -euo pipefail

readonly bucket=mirror s3=http://127.0.0.1:5002

cat >/tmp/hub.yml <<'YAML'
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/hub}}
http: {addr: "127.0.0.1:5001"}
YAML
docker-registry serve /tmp/hub.yml &
echo "$!" >/run/hub.pid
moto_server --port 5002 &
until curl --silent --output /dev/null http://127.0.0.1:5001/v2/ && curl --fail --silent --output /dev/null --request PUT "$s3/$bucket"; do
    sleep 0.2
done

export REGISTRY_STORAGE_S3_BUCKET=$bucket REGISTRY_STORAGE_S3_REGION=us-east-1
export REGISTRY_STORAGE_S3_REGIONENDPOINT=$s3 REGISTRY_STORAGE_S3_SECURE=false
export REGISTRY_STORAGE_S3_ACCESSKEY=anybody REGISTRY_STORAGE_S3_SECRETKEY=any
export REGISTRY_PROXY_REMOTEURL=http://127.0.0.1:5001
export MIRROR_CONFIG=/mirror/config.yml MIRROR_PROGRAM=docker-registry
exec /mirror/start.sh
