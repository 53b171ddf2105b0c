#!/usr/bin/env bash
# Fails if a paragraph of documentation stands in core and in the facade word for word, since one of them
# would be forgotten in a change. Summaries of up to 20 words may be equal; a paragraph below a heading, such
# as "Errors" or "Cancel safety", may not from 12 words on. Links count as their text.
set -euo pipefail
cd "$(dirname "$0")/.."

equal=$(git ls-files 'anyrt-core/src/*.rs' 'anyrt/src/*.rs' | xargs awk '
    function end_paragraph(count) {
        count = split(text, words, " ")
        if (count > 20 || count >= 12 && below_heading) {
            key = text
            gsub(/\]\([^)]*\)/, "", key)
            gsub(/[][`]/, "", key)
            if (file ~ /^anyrt-core/) {
                core[key] = place
            } else {
                facade[key] = place
            }
        }
        text = ""
    }
    FNR == 1 { end_paragraph(); in_code = below_heading = 0 }
    !/^[ \t]*\/\/[\/!]/ { end_paragraph(); in_code = below_heading = 0; next }
    {
        sub(/^[ \t]*\/\/[\/!] ?/, "")
        sub(/^[ \t]+/, "")
    }
    /^```/ { end_paragraph(); in_code = !in_code; next }
    in_code { next }
    /^$/ { end_paragraph(); next }
    /^#/ { end_paragraph(); below_heading = 1; next }
    {
        if (text == "") {
            file = FILENAME
            place = FILENAME ":" FNR
            text = $0
        } else {
            text = text " " $0
        }
    }
    END {
        end_paragraph()
        for (key in facade) {
            if (key in core) {
                print core[key] ": also at " facade[key] ": " key
            }
        }
    }
' | sort)
if [[ -n $equal ]]; then
    echo "$equal"
    echo "these texts stand twice: let one of the two say less, or refer to the other"
    exit 1
fi
