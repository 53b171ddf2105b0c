#!/usr/bin/env bash
# Packages every crate that is published, and looks at what is in the packages.
#
# `ci/packages.sh` builds none of them. `ci/packages.sh --verify` compiles each from its package, against the other
# packages; it takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

verify=--no-verify
if [[ ${1-} == --verify ]]; then verify=; fi

arguments=()
for manifest in $(git ls-files -- 'Cargo.toml' '*/Cargo.toml' | xargs grep -L '^publish = false'); do
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$manifest" | head -n 1)
    if [[ -z $name ]]; then continue; fi
    arguments+=(-p "$name")
    files=$(cargo package --list --allow-dirty -p "$name")
    for file in README.md LICENSE-MIT LICENSE-APACHE; do
        if ! grep -qx "$file" <<<"$files"; then
            echo "the package of $name has no $file" >&2
            exit 1
        fi
    done
done
echo "    $((${#arguments[@]} / 2)) packages"
cargo package --quiet ${verify:+"$verify"} --allow-dirty "${arguments[@]}"
