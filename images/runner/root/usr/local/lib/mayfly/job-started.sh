#!/usr/bin/env bash
# Tells a job where its dependency cache is, before its first step: PID 1 sets it as the runner's hook
# ACTIONS_RUNNER_HOOK_JOB_STARTED while the map of pools has caches. Every step gets what it writes to $GITHUB_ENV.
#
# MAYFLY_CACHES is JSON: bucket, region, roles (the beginning of the roles' ARNs), and groups, each with its name, its
# repositories' ids and its branches. A job whose repository is in no group uses GitHub's cache. So does a job
# without `permissions: id-token: write`, which gets no token.
#
# It only chooses which role to ask for; the roles' trust policies protect the cache.
set -uo pipefail

tell() {
    local group branch role=r

    group=$(jq --compact-output --argjson id "${GITHUB_REPOSITORY_ID:-0}" \
        'first(.groups[] | select(.ids | index($id)))' <<<"$MAYFLY_CACHES" 2>/dev/null) || return
    [[ $group ]] || return 0

    # Pull requests only read. pull_request_target and workflow_run handle what strangers wrote, with the token of a
    # branch, so they only read too.
    case ${GITHUB_EVENT_NAME:-} in
    pull_request | pull_request_target | workflow_run | issue_comment) ;;
    *)
        while IFS= read -r branch; do
            # The branch is a pattern, on purpose.
            # shellcheck disable=SC2053
            [[ ${GITHUB_REF:-} == refs/heads/$branch ]] && role=w
        done < <(jq --raw-output '.branches[]' <<<"$group")
        ;;
    esac

    jq --raw-output --argjson group "$group" --arg role "$role" '
        "\(.roles)\($group.name)_" as $begin
        | "RUNS_ON_S3_BUCKET_CACHE=\(.bucket)",
          "RUNS_ON_AWS_REGION=\(.region)",
          "MAYFLY_CACHE_ROLE=\($begin)\($role)",
          "MAYFLY_CACHE_READER=\($begin)r"' <<<"$MAYFLY_CACHES" >>"$GITHUB_ENV" || return
    echo "the job uses the dependency cache of the group $(jq --raw-output .name <<<"$group")"
}

if [[ ${ACTIONS_ID_TOKEN_REQUEST_URL:-} && ${MAYFLY_CACHES:-} ]]; then
    # A job that cannot find its cache runs without it; a failing hook would end the job.
    tell || echo "the job does not use its dependency cache: MAYFLY_CACHES cannot be read"
fi
exit 0
