#!/bin/sh
# Starts Fluent Bit with the one output that MAYFLY_LOG_OUTPUT names.
#
#     MAYFLY_LOG_OUTPUT   cloudwatch, newrelic, or an output of Fluent Bit's and its settings, with a `;` between
#                         each two: http; host=logs.example.com; port=443; tls=on; header=X-Key ${LOG_KEY}
#     MAYFLY_LOG_CONFIG   what Fluent Bit reads; the file that FireLens writes, unless told
#     LOG_KEY             a secret. Fluent Bit puts it where ${LOG_KEY} stands, so that no command line has it
#     AWS_REGION, MAYFLY_LOG_GROUP   for cloudwatch: where its log group is, and what it is called
set -eu

output=${MAYFLY_LOG_OUTPUT:?names no output: cloudwatch, newrelic, or an output of Fluent Bit and its settings}
config=${MAYFLY_LOG_CONFIG:-/fluent-bit/etc/fluent-bit.conf}
fluent_bit=${FLUENT_BIT:-/fluent-bit/bin/fluent-bit}

# ${LOG_KEY} is for Fluent Bit to fill in, and not for this shell.
# shellcheck disable=SC2016
key='${LOG_KEY}'

case $output in
cloudwatch)
    # Two hosts do not write to one stream: the rest of its name is the records' tag.
    read -r host </proc/sys/kernel/hostname
    output="cloudwatch_logs; region=${AWS_REGION:?}; log_group_name=${MAYFLY_LOG_GROUP:?}; log_stream_prefix=$host/"
    ;;
newrelic) output="nrlogs; license_key=$key" ;;
esac

# Fluent Bit by itself tries once more, and gives a key to whoever has some certificate. What the output itself
# says comes later, and wins.
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
