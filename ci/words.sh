#!/usr/bin/env bash
# Fails if a comment or a document has one of the words that this project does not use. They stand for a
# way of writing: a person where the subject is a thing of the program ("a task that nobody awaits" is "a
# detached task"), or a phrase where a plain word does. See "Words" in CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")/.."

words='nobody|whoever|somebody|anybody|for ever|so many|comes to'

# Lines that may have one, each with the reason.
exceptions=(
    'anyrt/src/net/unix.rs:.*"/nobody/is/here.sock"' # a path in an example
    'ci/words.sh:'                                   # this list
)

found() {
    git ls-files '*.rs' | xargs grep -nwiE "//.*($words)" /dev/null
    git ls-files '*.md' '*.toml' '*.sh' '.ci/*' | xargs grep -nwiE "$words" /dev/null
}

left=$(found || true)
for exception in "${exceptions[@]}"; do
    left=$(grep -vE "^$exception" <<<"$left" || true)
done
if [[ -n $left ]]; then
    echo "$left"
    echo "these words are not used here; see \"Words\" in CONTRIBUTING.md"
    exit 1
fi
