#!/usr/bin/env bash
# Makes the book of the guide, and fails if mdBook warns of something, or if a link of the guide or of another
# document of the repository leads nowhere: to no file, or to no heading of a page.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.5.4
ROOT=$PWD/target/mdbook

# mdBook without its server and its search. It is built once, without the wrapper that measures compilers, and
# without optimization, since a book of this size takes less than a second anyway.
if [[ $("$ROOT/bin/mdbook" --version 2>/dev/null) != "mdbook v$VERSION" ]]; then
    env -u RUSTC_WRAPPER cargo install mdbook --quiet --locked --debug --force \
        --version "$VERSION" --no-default-features --root "$ROOT"
fi

messages=$("$ROOT/bin/mdbook" build guide 2>&1) || { echo "$messages" && exit 1; }
if grep -E '^ *(WARN|ERROR)' <<<"$messages"; then
    echo "mdBook warns of the above"
    exit 1
fi

# Prints the anchors of a page: the headings, in lower case, without punctuation, with `-` for spaces.
anchors() {
    awk '/^```/ { in_code = !in_code } !in_code && /^#+ / { sub(/^#+ /, ""); print tolower($0) }' "$1" |
        sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# Prints the targets of the links in a page that are not addresses.
links() {
    awk '/^```/ { in_code = !in_code } !in_code' "$1" | sed -E 's/`[^`]*`//g' |
        grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(//; s/\)$//' | grep -vE '^[a-z]+:' || true
}

broken=0
while read -r page; do
    while read -r link; do
        [[ -n $link ]] || continue
        file=${link%%#*} anchor=
        [[ $link == *'#'* ]] && anchor=${link#*#}
        target=$page
        [[ -z $file ]] || target=$(dirname "$page")/$file
        if [[ ! -e $target ]]; then
            echo "$page: $link: there is no such file"
            broken=1
        elif [[ -n $anchor && $target == *.md ]] && ! anchors "$target" | grep -qxF -- "$anchor"; then
            echo "$page: $link: there is no such heading"
            broken=1
        elif [[ $page == guide/src/* && $(realpath "$target") != "$PWD"/guide/src/* ]]; then
            echo "$page: $link: it leads out of the book"
            broken=1
        fi
    done < <(links "$page")
done < <(git ls-files 'guide/src/*.md' 'docs/*.md' '*.md' | sort -u)
exit "$broken"
