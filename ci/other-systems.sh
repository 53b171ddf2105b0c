#!/usr/bin/env bash
# Type-checks the facade for systems other than the one it runs on, macOS and Windows, and for Windows
# the example programs that need neither sockets nor signals (EN-36).
#
# No machine with these systems is needed, nor their linkers or libraries: `cargo check` compiles the
# standard library from its sources (`-Zbuild-std`) and stops before linking. That takes a compiler
# that comes with the sources of exactly its own standard library. Debian has one, in the packages
# rustc-web, cargo-web and rust-web-src; this script installs them if they are missing, and works on
# Debian 12 only. gcc-mingw-w64-x86-64 is for crates whose build scripts look for a linker.
#
# All features are checked but `tls`: its cryptography, *ring*, needs a C compiler for the system.
# For WebAssembly, core is checked alone, since no backend runs there.
# On Windows the features `descriptors`, `net`, `signals`, `process` and `to_process` add nothing; that they
# can be enabled is checked.
#
# The first run takes about five minutes on two cores, later ones take seconds. What is built lies in
# `target/other-systems`, apart from what the usual compiler makes.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

FEATURES=tokio,smol,async-std,tokio-io,hyper,tower,idna,fs,glob
SYSROOT=/usr/lib/rustlib

install_packages() {
    local package missing=() apt=(apt-get)
    for package in rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then return; fi
    if ((EUID != 0)); then apt=(sudo apt-get); fi
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" update -qq >/dev/null
    "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Cargo looks for the standard library here. The package has a link in its place; if not, one is made.
link_sources() {
    local sources
    if [[ -e $SYSROOT/src/rust/library/Cargo.lock ]]; then return; fi
    sources=$(dpkg -L rust-web-src | grep -m 1 -E '/library$')
    mkdir -p "$SYSROOT/src/rust"
    ln -sfn "$sources" "$SYSROOT/src/rust/library"
}

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

install_packages
link_sources

# `RUSTC_BOOTSTRAP` allows the options that begin with `-Z`. A wrapper of the caller's is for the caller's compiler.
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_INCREMENTAL=0
unset RUSTC_WRAPPER
echo "    with $("$RUSTC" --version)"
check aarch64-apple-darwin "$FEATURES,descriptors"
check aarch64-apple-darwin "$FEATURES,net,signals,to_process,monitor,tracing,quinn,hickory"
check x86_64-pc-windows-gnu "$FEATURES"
check x86_64-pc-windows-gnu "$FEATURES,net,signals,to_process,monitor,tracing,quinn,hickory"
echo "    wasm32-unknown-unknown: core"
check_for wasm32-unknown-unknown -p anyrt-core --lib
echo "    x86_64-pc-windows-gnu: the examples digest and pipeline"
check_for x86_64-pc-windows-gnu -p anyrt-examples --bin digest --bin pipeline
