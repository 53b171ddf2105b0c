# For scripts that compile for systems other than the one they run on: a compiler that comes with the sources of exactly
# its own standard library, so that `-Zbuild-std` can compile it. Debian has one, in the packages rustc-web, cargo-web
# and rust-web-src. Works on Debian 12 only.

SYSROOT=/usr/lib/rustlib

# Installs the packages that are missing.
install_packages() {
    local package missing=() apt=(apt-get)
    for package in "$@"; do
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

# Installs the compiler, with the packages that are named besides, and chooses it. `RUSTC_BOOTSTRAP` allows the options
# that begin with `-Z`. A wrapper of the caller's is for the caller's compiler.
use_other_compiler() {
    install_packages rustc-web cargo-web rust-web-src "$@"
    link_sources
    export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_INCREMENTAL=0
    unset RUSTC_WRAPPER
    echo "    with $("$RUSTC" --version)"
}
