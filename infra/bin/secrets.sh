#!/usr/bin/env bash
# Makes the webhook secret and the first ticket key, as SecureStrings in the Parameter Store. What is
# there already stays.
#
#   secrets.sh [PATH]     PATH is the template's ParametersPath, /mayfly unless told
set -euo pipefail

path=${1:-/mayfly}

die() {
  echo "secrets.sh: $1" >&2
  exit 1
}

case ${1:-} in
-h | --help)
  sed -n '2,5s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
esac

[[ $path =~ ^(/[A-Za-z0-9_.-]+)+$ ]] || die "the path $path is none of the Parameter Store; /mayfly is one"
command -v aws >/dev/null || die "the AWS CLI is not here: https://docs.aws.amazon.com/cli/"
command -v openssl >/dev/null || die "openssl is not here; it makes the random bytes"
aws sts get-caller-identity >/dev/null || die "AWS does not know you: \`aws configure\`, or \`aws sso login\`"

is_there() {
  [[ -n $(aws ssm get-parameters --names "$1" --query 'Parameters[].Name' --output text) ]]
}

# The value goes by a file that only its owner can read: an argument is seen by every process.
put() {
  local name=$1 value=$2 file
  file=$(mktemp)
  printf '{"Name":"%s","Type":"SecureString","Value":"%s"}' "$name" "$value" >"$file"
  aws ssm put-parameter --cli-input-json "file://$file" >/dev/null || {
    rm -f "$file"
    die "$name could not be written"
  }
  rm -f "$file"
}

if is_there "$path/ticket-keys/1"; then
  echo "$path/ticket-keys/1 is there and stays"
else
  put "$path/ticket-keys/1" "$(openssl rand -hex 32)"
  echo "$path/ticket-keys/1 is written; nobody else needs it"
fi

if is_there "$path/webhook-secrets/1"; then
  echo "$path/webhook-secrets/1 is there and stays"
else
  secret=$(openssl rand -hex 32)
  put "$path/webhook-secrets/1" "$secret"
  echo "$path/webhook-secrets/1 is written. Paste this at GitHub, as the webhook's secret; it is shown this once:"
  echo "$secret"
fi

if ! is_there "$path/github-app-keys/1"; then
  echo "Still to do: put the App's private key, as GitHub gave it to you, into $path/github-app-keys/1:"
  echo "  aws ssm put-parameter --type SecureString --name $path/github-app-keys/1 --value file://YOUR-APP.private-key.pem"
fi
