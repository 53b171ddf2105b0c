#!/usr/bin/env bash
# What a call of the facade costs with one backend enabled, beside the core's with that backend:
# instructions per call, counted by valgrind's callgrind. Start-up falls out of the difference of
# two runs.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release -p anyrt-facade-single
program=${CARGO_TARGET_DIR:-target}/release/anyrt-facade-single

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 |
        awk '/Collected/ { print $4 }'
}

per_call() {
    local few many
    few=$(instructions "$1" "$2" 1000)
    many=$(instructions "$1" "$2" 11000)
    echo $(((many - few) / 10000))
}

printf '%-8s %8s %8s %8s\n' call facade core ratio
for operation in now limit sleep spawn; do
    ours=$(per_call facade "$operation")
    theirs=$(per_call core "$operation")
    awk -v o="$operation" -v a="$ours" -v b="$theirs" \
        'BEGIN { printf "%-8s %8d %8d %8.3f\n", o, a, b, a / b }'
done
