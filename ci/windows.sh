#!/usr/bin/env bash
# Builds the conformance suite and example programs for Windows, and runs them under wine, on tokio, smol and async-std.
#
# No machine with Windows is needed: Debian's compiler builds the standard library for x86_64-pc-windows-gnu (see
# `ci/lib/other-compiler.sh`), mingw links, and wine runs. wine is not Windows: what passes is likely right, and what
# fails may be a fault of wine. Such faults are in the lists below, each with its reason; `anyrt-tokio/tests/wine.rs` shows
# them without anyrt. The script fails if anything else fails, or if a listed fault is gone.
#
# It prints how many cases passed, failed and were skipped in each area. A case that fails is run once more, alone: some
# cases measure time, and wine sometimes loses the error of a refused connection, which then never ends. A case that
# passes then is named, and counts as passed.
#
# With arguments, only these backends are run: `ci/windows.sh smol`. Everything that is built lies in `target/windows`.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null
. ci/lib/other-compiler.sh

TARGET=x86_64-pc-windows-gnu
BUILT=target/windows/$TARGET/debug
BACKENDS=(tokio smol async-std)

# The configurations of a backend in which the suite is mounted, by the prefix of their tests.
declare -A CONFIGURATIONS=([tokio]="multi_thread:: current_thread::" [smol]="one_thread:: four_threads::")

# Cases that fail by a fault of wine, with the test that shows it.
declare -A FAULTS=(
    [engine_sockets::a_reset_is_reported_after_the_scope]=a_reset_is_an_error_of_the_read
    [files_waiting::locks_are_waited_for]=a_lock_can_be_released
)

export WINEDEBUG=-all WINEPREFIX=$PWD/target/windows/wine
export RUST_BACKTRACE=0 ANYRT_CONFORMANCE_LIMIT=${ANYRT_CONFORMANCE_LIMIT:-120}

build() {
    local prefix=CARGO_TARGET_X86_64_PC_WINDOWS_GNU
    env "${prefix}_LINKER=x86_64-w64-mingw32-gcc" \
        /usr/bin/cargo build --quiet --locked -Zbuild-std=std,panic_unwind,test \
        --target-dir target/windows --target "$TARGET" "$@"
}

# wine 8 lacks a library that the standard library takes random numbers from: programs would end with status 53.
build_shim() {
    local folder
    for folder in "$BUILT" "$BUILT/deps"; do
        x86_64-w64-mingw32-gcc -shared -o "$folder/bcryptprimitives.dll" ci/wine/bcryptprimitives.c -ladvapi32
    done
}

# Prints the newest program with this name among the tests.
test_program() {
    ls -t "$BUILT/deps/$1"-*.exe | sed -n 1p
}

# Prints the area of the case on each line.
areas() {
    sed -E 's/::.*//
        s/^(files|file_streams|disk).*/files/; s/^tls.*/tls/
        s/^(net_|engine_sockets).*/net/; s/^(threads|portals|blocking|engine_threads).*/threads/
        s/^sync_.*/sync/; s/^processes_.*/processes/; s/^.*streams.*/streams/; s/^(time|timeouts|scopes_deadline|scopes_effective).*/time/
        /^(files|tls|net|threads|sync|processes|streams|time)$/!s/.*/tasks and scopes/'
}

# Counts the lines of each area.
count() {
    areas | sort | uniq -c |
        awk '{ n = $1; sub(/^ *[0-9]+ /, ""); print $0 "\t" n }'
}

# Runs the suite on a backend, in its configuration with this prefix, and prints the results by area.
run_suite() {
    local backend=$1 prefix=$2 program log folder case name failed=0 again
    program=$PWD/$3
    folder=target/windows/results/$backend${prefix:+-${prefix%::}}
    mkdir -p "$folder"
    log=$folder/log
    # The cases run in the folder of the package, as cargo would run them.
    (cd "anyrt-$backend" && wine "$program" ${prefix:+"$prefix"} --test-threads 4) >"$log" 2>&1 || true
    (cd "anyrt-$backend" && wine "$program" "${prefix}skipped_cases" --exact --nocapture) 2>/dev/null |
        tr -d '\r' | grep ': skipped, ' | sort -u >"$folder/skips" || true
    sed 's/: skipped, .*//' "$folder/skips" | sort -u >"$folder/skipped"
    tr -d '\r' <"$log" | sed -nE 's/^test ([a-z_:0-9]+) \.\.\. ok$/\1/p' | sed "s/^$prefix//" | sort -u >"$folder/ok"
    tr -d '\r' <"$log" | sed -nE 's/^test ([a-z_:0-9]+) \.\.\. FAILED$/\1/p' | sed "s/^$prefix//" | sort -u >"$folder/first"
    comm -23 "$folder/ok" "$folder/skipped" >"$folder/passed"
    : >"$folder/failed"
    : >"$folder/faults"
    if [[ ! -s $folder/ok ]] || ! grep -q '^test result: ' "$log"; then
        echo "    $backend: the suite did not run to its end; see $log" >&2
        return 1
    fi
    while read -r case; do
        name=$case
        if [[ -n ${FAULTS[$name]:-} ]]; then
            echo "$case" >>"$folder/faults"
            continue
        fi
        again=0
        (cd "anyrt-$backend" && wine "$program" "$prefix$case" --exact) >"$folder/again" 2>&1 || again=$?
        if ((again == 0)); then
            echo "    $backend: $prefix$case passed alone"
            echo "$case" >>"$folder/passed"
        else
            echo "$case" >>"$folder/failed"
            echo "    $backend: FAILED $prefix$case"
            tr -d '\r' <"$folder/again" | grep -A 6 'panicked at' | sed -n '1,8s/^/        /p'
            failed=1
        fi
    done <"$folder/first"
    for name in "${!FAULTS[@]}"; do
        if grep -qx "$name" "$folder/passed"; then
            echo "    $backend: $name passes: remove it from the faults of wine"
            failed=1
        fi
    done
    echo "    $backend${prefix:+, ${prefix%::}}: $(wc -l <"$folder/passed") passed, $(wc -l <"$folder/failed") failed," \
        "$(wc -l <"$folder/faults") faults of wine, $(wc -l <"$folder/skipped") skipped"
    for name in passed failed faults skipped; do
        count <"$folder/$name" | sed "s/^/$name\t/"
    done | awk -F '\t' '
        { n[$2, $1] = $3; areas[$2] = 1 }
        END { for (a in areas) printf "        %-17s %4d passed %3d failed %3d faults of wine %3d skipped\n",
            a, n[a, "passed"], n[a, "failed"], n[a, "faults"], n[a, "skipped"] }' | sort
    return "$failed"
}

# Each fault of wine is one without anyrt too. By the last, signals cannot be tried: a program that has handlers crashes.
faults_are_wines() {
    local program proof failed=0
    x86_64-w64-mingw32-gcc -o "$BUILT/signal_get.exe" ci/wine/signal_get.c
    if wine "$BUILT/signal_get.exe" >/dev/null 2>&1; then
        echo "    signal_get passes under wine: signals can be tried"
        failed=1
    fi
    program=$(test_program wine)
    for proof in $(printf '%s\n' "${FAULTS[@]}" | sort -u); do
        if wine "$program" "$proof" --exact >/dev/null 2>&1; then
            echo "    $proof passes under wine: its cases are not faults of wine"
            failed=1
        fi
    done
    return "$failed"
}

# The same as `digest_is_right_on` and `pipeline_is_right_on` of `.ci/run`: the usual tools give the same answer.
programs_are_right_on() {
    local backend=$1 failed=0
    # Names with a backslash are escaped, and their lines marked by one.
    diff <(find examples/src -type f | LC_ALL=C sort | xargs sha256sum) \
        <(wine "$BUILT/digest.exe" --backend "$backend" examples/src 2>/dev/null |
            tr -d '\r' | sed -E 's/^\\//; s/\\\\/\//g' | LC_ALL=C sort -k 2) || failed=1
    diff <(
        export LC_ALL=C
        cat $(find examples/src -type f) | tr -cs 'A-Za-z' '\n' | tr 'A-Z' 'a-z' | grep . |
            sort | uniq -c | sort -k1,1nr -k2,2 | sed -n 1,20p
    ) <(wine "$BUILT/pipeline.exe" --backend "$backend" examples/src 2>/dev/null | tr -d '\r') || failed=1
    if ((failed)); then return 1; fi
    echo "    $backend: digest and pipeline are right"
}

# `serve` under wine answers curl, which runs outside of wine, in the clear and with TLS.
serve_answers_on() {
    local backend=$1 scheme=$2 options=() server address log found
    [[ $scheme == https ]] && options=(--self-signed)
    log=target/windows/results/serve
    wine "$BUILT/serve.exe" --backend "$backend" --quiet --listen 127.0.0.1:0 "${options[@]}" examples/src >"$log" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        address=$(grep -oE '127\.0\.0\.1:[0-9]+' "$log" | sed -n 1p) && [[ -n $address ]] && break
        sleep 0.1
    done
    found=$(curl --silent --show-error --insecure --max-time 20 "$scheme://$address/serve/main.rs" | sha256sum) || true
    # A port that is open and closed many times.
    for _ in $(seq 20); do
        curl --silent --show-error --insecure --max-time 20 --output /dev/null "$scheme://$address/" || found=failed
    done
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    [[ $found == "$(sha256sum <examples/src/serve/main.rs)" ]] || {
        echo "    $backend: serve has not answered $scheme: $found; see $log" >&2
        return 1
    }
    echo "    $backend: serve answers $scheme"
}

# Whole programs with worker processes, on all backends.
workers_are_right() {
    local log=target/windows/results/workers
    if ! wine "$(test_program workers)" --test-threads 3 >"$log" 2>&1; then
        echo "    worker processes: failed; see $log"
        return 1
    fi
    echo "    worker processes: $(grep -c '^test [a-z_]* \.\.\. ok' "$log") tests passed"
}

use_other_compiler gcc-mingw-w64-x86-64 wine64 wine curl
if (($#)); then BACKENDS=("$@"); fi
packages=(-p anyrt-tokio -p anyrt-smol -p anyrt-async-std -p anyrt-examples -p anyrt-windows)
start=$SECONDS
build "${packages[@]}" --test conformance --test wine --test workers --bin digest --bin pipeline --bin serve
build_shim
mkdir -p target/windows/results
wineboot --init >/dev/null 2>&1 || true
echo "    built in $((SECONDS - start)) s"

failed=0
start=$SECONDS
faults_are_wines || failed=1
workers_are_right || failed=1
for backend in "${BACKENDS[@]}"; do
    # The three programs have one name: each is in the dependency file of its package.
    program=$(grep -l "anyrt-$backend/tests/conformance.rs" "$BUILT"/deps/conformance-*.d | xargs ls -t | sed -n 1p)
    program=${program%.d}.exe
    read -ra prefixes <<<"${CONFIGURATIONS[$backend]:-}"
    for prefix in "${prefixes[@]:-}"; do
        run_suite "$backend" "$prefix" "$program" || failed=1
    done
    programs_are_right_on "$backend" || failed=1
    serve_answers_on "$backend" http || failed=1
    serve_answers_on "$backend" https || failed=1
done
echo "    ran in $((SECONDS - start)) s"
exit "$failed"
