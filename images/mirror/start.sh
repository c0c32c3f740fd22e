#!/bin/sh
# Starts the mirror of Docker Hub.
#
#     REGISTRY_STORAGE_S3_BUCKET, REGISTRY_STORAGE_S3_REGION   where it stores what it pulls
#     MIRROR_KEY      a Docker Hub account, USER:TOKEN; without one it pulls anonymously
#     MIRROR_CONFIG   the registry's configuration; by default the image's own file
set -eu

config=${MIRROR_CONFIG:-/etc/distribution/config.yml}
registry=${MIRROR_PROGRAM:-registry}
# Removes the line end of a key that was put into the parameter from a file.
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
