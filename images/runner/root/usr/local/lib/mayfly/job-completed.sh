#!/usr/bin/env bash
# Writes into a job's summary where its time went and what that cost. PID 1 sets it as the runner's hook
# ACTIONS_RUNNER_HOOK_JOB_COMPLETED in pools with `job_summary`; the runner gives it a summary file, like every step
# (actions/runner: JobHookProvider.cs, CreateStepSummaryCommand).
#
# MAYFLY_SUMMARY names a file that PID 1 writes: JSON with the pool, the capacity, the price, the milliseconds of each
# part, and the time at which the job began. It is empty until PID 1 sees a job.
set -uo pipefail

tell() {
    local table
    table=$(jq --raw-output --argjson now "$(date +%s)" '
        def time: (. / 1000 | round) as $s
            | if $s < 60 then "\($s) s" elif $s < 3600 then "\($s / 60 | floor) min \($s % 60) s"
              else "\($s / 3600 | floor) h \($s % 3600 / 60 | floor) min" end;
        def dollars: . * 10000 | round | tostring | ("0000" + .)[-([length, 5] | max):] | "$\(.[:-4]).\(.[-4:])";
        ([$now - .begun_at, 0] | max * 1000) as $job
        | (.runner + .idle + $job) as $paid
        | (if .price then ([$paid, .price.least] | max) / 3600000 * .price.hour / 1e9 else null end) as $cost
        | "### Where the time of this job went",
          "",
          "| | time |",
          "| :-- | --: |",
          "| the task started | \(.task | time) |",
          "| the runner started | \(.runner | time) |",
          "| the runner waited for the job | \(.idle | time) |",
          "| the job ran | \($job | time) |",
          "| **it cost, until now** | **\(if $cost then $cost | dollars else "no price" end)** |",
          "",
          "`\(.pool)`" + (if .capacity != .pool then " on the capacity of `\(.capacity)`" else "" end)
              + (if .price then ", $\(.price.hour / 1e9) an hour" else ", for which the map of pools has no price" end)
              + ". The pull of the image and the end of the task are not counted."
    ' "$MAYFLY_SUMMARY") && printf '%s\n' "$table" >>"$GITHUB_STEP_SUMMARY"
}

if [[ -s ${MAYFLY_SUMMARY:-} && ${GITHUB_STEP_SUMMARY:-} ]]; then
    # A job without this summary has still done its work; a failing hook would fail the job.
    tell || echo "the job's summary has no times: $MAYFLY_SUMMARY cannot be read"
fi
exit 0
