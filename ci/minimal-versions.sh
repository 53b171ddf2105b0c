#!/usr/bin/env bash
# Type-checks the facade with the oldest versions that its manifests allow, so that these are not older than what the
# code needs. Needs the registry, and no nightly compiler.
#
# Only the published crates count, without what their tests need: cargo would choose one version for the whole
# workspace. So they are copied to `target/minimal-versions`.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$PWD/target/minimal-versions
rm -rf "$copy"/anyrt* "$copy"/Cargo.*
mkdir -p "$copy"
git ls-files -- Cargo.toml README.md 'anyrt*' ':!anyrt*/tests' | xargs cp --parents -t "$copy"
cd "$copy"
for manifest in Cargo.toml anyrt*/Cargo.toml; do
    awk '
        /^\[/ { skip = /dev-dependencies/ }
        skip || /^    "/ && !/^    "anyrt[a-z-]*",/ && in_members { next }
        /^members/ { in_members = 1 }
        /^\]/ { in_members = 0 }
        { print }
    ' "$manifest" >manifest
    mv manifest "$manifest"
done
# Warnings are for the newest versions. `RUSTC_BOOTSTRAP` allows the option that begins with `-Z`.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Awarnings
cargo update --quiet -Z direct-minimal-versions
cargo check --quiet --locked -p anyrt --all-features
