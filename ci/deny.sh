#!/usr/bin/env bash
# Checks the dependencies of every workspace with cargo-deny and `deny.toml`: advisories, licenses, sources, versions.
#
# `ci/deny.sh bans licenses sources` makes the checks that need no network. cargo-deny takes some minutes to build, so
# this is no part of `.ci/run`: `cargo install cargo-deny --locked`.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null; then
    echo "cargo-deny is not installed: run \`cargo install cargo-deny --locked\`" >&2
    exit 1
fi
for manifest in Cargo.toml fuzz/Cargo.toml benches/sim/Cargo.toml; do
    echo "$manifest"
    cargo deny --manifest-path "$manifest" check "$@"
done
