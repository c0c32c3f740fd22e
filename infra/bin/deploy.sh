#!/usr/bin/env bash
# Builds the functions and deploys the stack. Asks what it is not told, the first time.
#
#   deploy.sh [OPTIONS OF sam deploy]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

die() {
    echo "deploy.sh: $1" >&2
    exit 1
}

case ${1:-} in
-h | --help)
    sed -n '2,4s/^# \{0,1\}//p' infra/bin/deploy.sh
    exit 0
    ;;
esac

command -v aws >/dev/null || die "the AWS CLI is not here: https://docs.aws.amazon.com/cli/"
command -v sam >/dev/null || die "the SAM CLI is not here: \`make .tools/template/.installed\` installs it"
command -v cargo-lambda >/dev/null || die "cargo-lambda is not here: \`make .venv/.installed\` installs it"
version=$(sam --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
[[ $(printf '%s\n1.156\n' "$version" | sort -V | head -n 1) == 1.156 ]] ||
    die "sam is $version; rust-cargolambda needs 1.156: \`make .tools/template/.installed\` installs one"
aws sts get-caller-identity >/dev/null || die "AWS does not know you: \`aws configure\`, or \`aws sso login\`"

# A stack that names images of which somebody does not know what they are made of is not deployed.
cargo run --quiet -p mayfly -- images check --for-build ||
    die "the images are not as they should be, see above"

export SAM_CLI_TELEMETRY=0
sam build
# What was answered once is in samconfig.toml.
if grep -q parameter_overrides samconfig.toml; then
    sam deploy "$@"
else
    sam deploy --guided "$@"
fi
