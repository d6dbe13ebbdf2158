#!/usr/bin/env bash
# Rocket.Chat's own clients, its widget in a browser and plain curl against running demos: each against
# the version it speaks, in both of LivePerson's formats. Then everything that was sent and answered
# beside Rocket.Chat's own descriptions (validate.mjs).
#
#   tests/clients/run.sh [SCREENSHOTS]
#
# Prints one line per check and ends with `N passed, M failed`. Needs cargo, node 18.19 or newer, npm,
# curl and jq, and for two of the clients Chromium and python3 with venv: as root on Debian they are
# installed when they are missing. LP2RC_BINARY names another binary than the debug build, by its
# absolute path. SCREENSHOTS is a folder for the widget's; without it they go with the rest.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(mktemp -d)
screenshots=${1:-$folder/screenshots}
demos=()
recorders=()
records=()
passed=0
failed=0
finish() {
    [ "${#demos[@]}" -eq 0 ] || kill -KILL "${demos[@]}" 2>/dev/null || true
    [ "${#recorders[@]}" -eq 0 ] || kill -KILL "${recorders[@]}" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

binary=${LP2RC_BINARY:-}
# The demos take every variable of that prefix for a setting.
unset LP2RC_BINARY
if [ -z "$binary" ]; then
    (cd ../.. && cargo build --locked) >&2
    binary=${CARGO_TARGET_DIR:-../../target}/debug/lp2rc
fi
target=$(cd ../.. && mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)

# What a bare machine lacks.
CHROMIUM=$(command -v "${CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome || true)
missing=()
[ -n "$CHROMIUM" ] || missing+=(chromium fonts-dejavu-core)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "first install what is missing: apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2
fi
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}

# A fresh clone has no packages; a second run in the same tree keeps what is there.
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
fi
python=$target/clients-python
if ! cmp -s requirements.txt "$python/requirements.txt"; then
    rm -rf "$python"
    python3 -m venv "$python" >&2
    "$python/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        --only-binary :all: --requirement requirements.txt >&2
    cp requirements.txt "$python/requirements.txt"
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

# record NAME: puts a recorder before the last demo and sets `api` to its address.
record() {
    node record.mjs "$api" "$folder/$1.jsonl" >"$folder/$1.recorder" 2>&1 </dev/null &
    recorders+=($!)
    disown
    for _ in $(seq 100); do
        api=$(sed -n 's|^ready \(http://.*\)|\1|p' "$folder/$1.recorder")
        [ -z "$api" ] || return 0
        sleep 0.1
    done
    echo "FAIL $1: the recorder did not start: $(tail -n 3 "$folder/$1.recorder")"
    failed=$((failed + 1))
    return 1
}

# checks NAME COMMAND…: runs checks that print `ok …` and `FAIL …` lines.
checks() {
    local name=$1 status=0
    shift
    timeout 120 "$@" >"$folder/checks" 2>"$folder/checks.err" </dev/null || status=$?
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

# The widget as an operator installs it: the published build, and the sound that it lacks.
mkdir -p "$folder/widget/sounds"
cp -R node_modules/@rocket.chat/livechat/build/. "$folder/widget"
node chime.mjs >"$folder/widget/sounds/chime.mp3"

# speak VERSION FORMAT: a demo, with curl on its own address and `api` behind a recorder.
speak() {
    name="$1 $2"
    start "$name" --rocketchat-version "$1" --format "$2" --no-rate-limit \
        --widget "$folder/widget" || return 1
    checks "$name curl" ./rows.sh "$api"
    record "$name"
    records+=("$1:$folder/$name.jsonl")
}

if speak 8 json; then
    checks "$name ddp-client" node ddp-client.mjs "$api" 8
    checks "$name api-client" node api-client.mjs "$api" 8
    checks "$name rocketchat_API" "$python/bin/python" -B rocketchat_api.py "$api"
fi
if speak 7 xml; then
    checks "$name ddp-client" node ddp-client.mjs "$api" 7
    checks "$name api-client" node api-client.mjs "$api" 7
fi
if speak 6 json; then
    checks "$name sdk" node sdk.mjs "$api"
    checks "$name widget" node widget.mjs "$api" "$screenshots"
fi
if speak 6 xml; then
    checks "$name sdk" node sdk.mjs "$api"
fi
checks recorded node --import ./bundler.mjs validate.mjs "${records[@]}"
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
