#!/usr/bin/env bash
# Checks the libraries and the conformance suite with the oldest compiler that they support, the one that
# `rust-version` in Cargo.toml names; with `--test` it also runs the suite on one backend.
#
# The compiler is rustup's, if it is installed; else that of Debian 12's archive, in the packages rustc-web and
# cargo-web, unpacked into `target/oldest` beside any other. The lock file has versions of all dependencies that this compiler accepts,
# because Cargo prefers such versions to newer ones.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

VERSION=1.85.0+dfsg3-1~deb12u3
UNPACKED=$PWD/target/oldest/debian
LIBRARIES=(anyrt-async-std anyrt-conformance anyrt-core anyrt-macros anyrt-sim anyrt-smol anyrt-tokio)

unpack() {
    local packages
    if [[ -x $UNPACKED/usr/bin/rustc ]]; then return; fi
    packages=$(mktemp -d)
    (
        cd "$packages"
        apt-get download -qq {rustc-web,cargo-web,libstd-rust-web-1.85,libstd-rust-web-dev}="$VERSION" \
            libllvm19 libpcre3 2>/dev/null
    )
    mkdir -p "$UNPACKED"
    for package in "$packages"/*.deb; do dpkg -x "$package" "$UNPACKED"; done
    rm -r "$packages"
}

oldest_cargo() {
    "${CARGO[@]}" "$@" --quiet --locked --target-dir target/oldest
}

# Prints the features of the facade, but not that for hickory, which needs Rust 1.88 itself.
facade_features() {
    sed -n '/^\[features\]/,/^\[dependencies\]/ s/^\([a-z_-]*\) = .*/\1/p' anyrt/Cargo.toml | grep -v hickory |
        paste -s -d ,
}

OLDEST=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
if rustup toolchain list 2>/dev/null | grep -q "^$OLDEST"; then
    CARGO=(cargo "+$OLDEST")
elif [[ $VERSION == "$OLDEST".* ]]; then
    unpack
    export LD_LIBRARY_PATH=$UNPACKED/usr/lib/x86_64-linux-gnu:$UNPACKED/lib/x86_64-linux-gnu
    export RUSTC=$UNPACKED/usr/bin/rustc
    CARGO=("$UNPACKED/usr/bin/cargo")
else
    echo "Cargo.toml names Rust $OLDEST, and this script another version in Debian's archive" >&2
    exit 1
fi
export RUSTFLAGS="-D warnings" CARGO_INCREMENTAL=0
unset RUSTC_WRAPPER
echo "    with $("${CARGO[@]}" --version)"
oldest_cargo check --lib --all-features "${LIBRARIES[@]/#/--package=}"
oldest_cargo check --lib --package anyrt --features "$(facade_features)"
if [[ ${1-} == --test ]]; then
    oldest_cargo test --package anyrt-tokio --all-features --test conformance
fi
