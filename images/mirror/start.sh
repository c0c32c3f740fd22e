#!/bin/sh
# Starts the mirror of Docker Hub.
#
#     REGISTRY_STORAGE_S3_BUCKET, REGISTRY_STORAGE_S3_REGION   where it keeps what was pulled
#     MIRROR_KEY      an account at Docker Hub, USER:TOKEN; without one it asks as nobody
#     MIRROR_CONFIG   what the registry reads; the image's own file, unless told
set -eu

config=${MIRROR_CONFIG:-/etc/distribution/config.yml}
registry=${MIRROR_PROGRAM:-registry}
# A file that was put into a parameter ends its line.
key=$(printf '%s' "${MIRROR_KEY:-}")

# The registry reads its variables as YAML.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g")"; }

: "${REGISTRY_STORAGE_S3_BUCKET:?names no bucket}" "${REGISTRY_STORAGE_S3_REGION:?names no region}"
case $key in
'') ;;
?*:?*)
    REGISTRY_PROXY_USERNAME=$(quoted "${key%%:*}")
    REGISTRY_PROXY_PASSWORD=$(quoted "${key#*:}")
    export REGISTRY_PROXY_USERNAME REGISTRY_PROXY_PASSWORD
    ;;
*)
    echo "mirror: the key is not USER:TOKEN: write it so into the SecureString that MirrorKeyParameter names" >&2
    exit 1
    ;;
esac
unset MIRROR_KEY
exec "$registry" serve "$config"
