#!/bin/sh
# Starts Fluent Bit with the one output that MAYFLY_LOG_OUTPUT names.
#
#     MAYFLY_LOG_OUTPUT   cloudwatch, newrelic, or a Fluent Bit output and its settings, separated by `;`:
#                         http; host=logs.example.com; port=443; tls=on; header=X-Key ${LOG_KEY}
#     MAYFLY_LOG_CONFIG   Fluent Bit's configuration; by default the file that FireLens writes
#     LOG_KEY             a secret. Fluent Bit itself replaces ${LOG_KEY} by it, so that no command line has it
#     AWS_REGION, MAYFLY_LOG_GROUP   for cloudwatch: the region and the name of the log group
set -eu

output=${MAYFLY_LOG_OUTPUT:?is empty: set it to cloudwatch, newrelic, or a Fluent Bit output and its settings}
config=${MAYFLY_LOG_CONFIG:-/fluent-bit/etc/fluent-bit.conf}
fluent_bit=${FLUENT_BIT:-/fluent-bit/bin/fluent-bit}

# Fluent Bit replaces ${LOG_KEY}, not this shell.
# shellcheck disable=SC2016
key='${LOG_KEY}'

case $output in
cloudwatch)
    # The host's name keeps two hosts out of one stream; the rest of the stream's name is the records' tag.
    read -r host </proc/sys/kernel/hostname
    output="cloudwatch_logs; region=${AWS_REGION:?}; log_group_name=${MAYFLY_LOG_GROUP:?}; log_stream_prefix=$host/"
    ;;
newrelic) output="nrlogs; license_key=$key" ;;
esac

# By default Fluent Bit retries once, and sends a key to any server with a valid certificate. The output's own settings
# come later, and win.
set -- -p retry_limit=10 -p tls.verify_hostname=on
plugin=
set -f
IFS=';'
for word in $output; do
    word=${word#"${word%%[! ]*}"}
    word=${word%"${word##*[! ]}"}
    if [ -z "$plugin" ]; then
        plugin=$word
    elif [ "$word" ]; then
        set -- "$@" -p "$word"
    fi
done
exec "$fluent_bit" -c "$config" -o "$plugin" -m '*' "$@"
