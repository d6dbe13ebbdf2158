#!/usr/bin/env bash
# Rocket.Chat's own clients and plain curl against running demos, in both of LivePerson's formats.
#
#   tests/clients/run.sh
#
# Prints one line per check and ends with `N passed, M failed`. Needs cargo, node 18 or newer, npm,
# curl and jq. LP2RC_BINARY names another binary than the debug build, by its absolute path.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(mktemp -d)
demos=()
passed=0
failed=0
finish() {
    [ "${#demos[@]}" -eq 0 ] || kill -KILL "${demos[@]}" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

binary=${LP2RC_BINARY:-}
if [ -z "$binary" ]; then
    (cd ../.. && cargo build --locked) >&2
    binary=${CARGO_TARGET_DIR:-../../target}/debug/lp2rc
fi
# A fresh clone has no packages; a second run in the same tree keeps what is there.
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
fi

# start NAME ARGUMENT…: starts a demo and sets `api` to its public address.
start() {
    local name=$1
    shift
    "$binary" demo --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 "$@" \
        >"$folder/$name.out" 2>"$folder/$name.err" </dev/null &
    demos+=($!)
    for _ in $(seq 300); do
        api=$(sed -n 's|^ready api=\(http://[^ ]*\) ops=http://.*|\1|p' "$folder/$name.out")
        [ -z "$api" ] || return 0
        kill -0 $! 2>/dev/null || break
        sleep 0.1
    done
    echo "FAIL $name: no ready line; the end of its log:"
    tail -n 20 "$folder/$name.err"
    failed=$((failed + 1))
    return 1
}

# checks NAME COMMAND…: runs checks that print `ok …` and `FAIL …` lines.
checks() {
    local name=$1 status=0
    shift
    timeout 60 "$@" >"$folder/checks" 2>"$folder/checks.err" </dev/null || status=$?
    sed "s/^\(ok\|FAIL\) /\1 $name: /" "$folder/checks"
    passed=$((passed + $(grep -c '^ok ' "$folder/checks" || true)))
    failed=$((failed + $(grep -c '^FAIL ' "$folder/checks" || true)))
    # A bad end that no FAIL line explains, and a good one that checked nothing.
    local told=ok
    [ "$status" -eq 0 ] || told=FAIL
    if [ "$status" -gt 1 ] || ! grep -q "^$told " "$folder/checks"; then
        echo "FAIL $name: broke off with exit code $status: $(tail -n 3 "$folder/checks.err")"
        failed=$((failed + 1))
    fi
}

for format in json xml; do
    start "$format" --format "$format" --no-rate-limit || continue
    checks "$format ddp-client" node ddp-client.mjs "$api"
    checks "$format sdk" node sdk.mjs "$api"
    checks "$format curl" ./rows.sh "$api"
done
if start limited; then
    checks "rate limit" ./limit.sh "$api"
fi

# Asked to stop, a demo drains and goes.
kill "${demos[@]}" 2>/dev/null || true
for demo in "${demos[@]}"; do
    for _ in $(seq 50); do
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$demo" 2>/dev/null; then
        echo "FAIL stop: a demo is gone five seconds after SIGTERM"
        failed=$((failed + 1))
    else
        echo "ok stop: a demo is gone five seconds after SIGTERM"
        passed=$((passed + 1))
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
