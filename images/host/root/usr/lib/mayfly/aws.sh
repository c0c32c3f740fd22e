# Calls AWS with the instance's role, using only curl: Amazon Linux's minimal image has no AWS CLI. Sourced.
# shellcheck shell=bash

readonly imds=http://169.254.169.254/latest

# The instance's own metadata: `told PATH`, below meta-data/.
told() {
    local token
    token=$(curl --fail --silent --max-time 5 --retry 3 --request PUT --header 'x-aws-ec2-metadata-token-ttl-seconds: 60' \
        "$imds/api/token") &&
        curl --fail --silent --max-time 5 --retry 3 --header "x-aws-ec2-metadata-token: $token" "$imds/meta-data/$1"
}

# A text value of a JSON object: `field NAME <JSON`.
field() { sed --quiet "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# A signed POST: `call SERVICE HOST CURL'S ARGUMENTS…`, with HOST up to the region. The credentials go through
# standard input, which no process list shows.
call() {
    local service=$1 host=$2 region suffix role credentials
    shift 2
    region=$(told placement/region) && suffix=$(told services/domain) &&
        role=$(told iam/security-credentials/) && credentials=$(told "iam/security-credentials/$role") || return
    printf 'user = "%s:%s"\nheader = "x-amz-security-token: %s"\n' "$(field AccessKeyId <<<"$credentials")" \
        "$(field SecretAccessKey <<<"$credentials")" "$(field Token <<<"$credentials")" |
        curl --config - --fail-with-body --silent --show-error --max-time 10 --retry 2 \
            --aws-sigv4 "aws:amz:$region:$service" "$@" "https://$host.$region.$suffix/"
}
