#!/usr/bin/env bash
# Type-checks the facade for systems other than the one it runs on, macOS and Windows, and for Windows
# the example programs that it has there (EN-36). `ci/windows.sh` also runs them.
#
# No machine with these systems is needed, nor their linkers or libraries: `cargo check` compiles the
# standard library from its sources (`-Zbuild-std`) and stops before linking. The compiler for that is
# installed if it is missing, on Debian 12; see `ci/lib/other-compiler.sh`. gcc-mingw-w64-x86-64 compiles
# the cryptography of `tls`, *ring*, for Windows. For macOS it would need another compiler, so `tls` is
# not checked there.
#
# For WebAssembly, core is checked alone, since no backend runs there.
#
# The first run takes about five minutes on two cores, later ones take seconds. What is built lies in
# `target/other-systems`, apart from what the usual compiler makes.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null
. ci/lib/other-compiler.sh

FEATURES=tokio,smol,async-std,tokio-io,hyper,tower,idna,fs,glob
# Checks something for a target. Warnings are errors, in the project's own crates.
check_for() {
    /usr/bin/cargo check --quiet --locked -Zbuild-std=std,panic_unwind -Zwarnings \
        --config 'build.warnings="deny"' \
        --target-dir target/other-systems --target "$@"
}

# Checks the facade for a target with these features.
check() {
    echo "    $1: $2"
    check_for "$1" -p anyrt --lib --features "$2"
}

use_other_compiler gcc-mingw-w64-x86-64
check aarch64-apple-darwin "$FEATURES,descriptors"
check aarch64-apple-darwin "$FEATURES,net,signals,to_process,monitor,tracing,quinn,hickory"
check x86_64-pc-windows-gnu "$FEATURES"
check x86_64-pc-windows-gnu "$FEATURES,descriptors"
check x86_64-pc-windows-gnu "$FEATURES,net,signals,to_process,monitor,tls,tracing,quinn,hickory"
echo "    wasm32-unknown-unknown: core"
check_for wasm32-unknown-unknown -p anyrt-core --lib
echo "    x86_64-pc-windows-gnu: the examples digest, pipeline and serve"
check_for x86_64-pc-windows-gnu -p anyrt-examples --bin digest --bin pipeline --bin serve
