#!/usr/bin/env bash
# First light in full: what `cargo test` proves small, at the size that was promised, with figures.
#
#   tests/acceptance/first_light.sh            all parts; finished ones are not repeated
#   tests/acceptance/first_light.sh again      from the beginning
#
# Each part is bounded in time and count. What is done is noted in target/acceptance/first_light/.
set -euo pipefail
cd "$(dirname "$0")/../.."
done_dir=target/acceptance/first_light
[ "${1:-}" = again ] && rm -rf "$done_dir"
mkdir -p "$done_dir"
cargo build --release --locked --quiet
bridge=target/release/lp2rc
work=$(mktemp -d)
pids=()
# Only what was started here is ended.
stop() { for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null; kill "$pid" 2>/dev/null; done; wait; rm -rf "$work"; }
trap stop EXIT

# part NAME COMMAND…: runs it once, keeps its output, shows it again when it was done before.
part() {
    local name=$1
    shift
    printf '\n=== %s\n' "$name"
    if [ ! -e "$done_dir/$name" ]; then
        "$@" 2>&1 | tee "$done_dir/$name.part"
        mv "$done_dir/$name.part" "$done_dir/$name"
    else
        cat "$done_dir/$name"
    fi
}

# Kill -9 between and inside commits: nothing acknowledged is lost (goal P12).
killing() {
    LP2RC_KILL_ROUNDS=100 cargo test --release --locked --quiet --test it -- \
        state_crash --nocapture --test-threads=1 | grep -oE "[0-9]+ rounds.*|test result.*"
}

# 64 clients, 10,000 asks, polls meanwhile.
asking() {
    cargo test --release --locked --quiet --test it -- load:: | grep -o "test result.*"
}

# ready FILE: waits for the ready line and prints the operators' address.
ready() {
    for _ in $(seq 600); do
        [ -s "$1" ] && { sed -n 's/.*ops=//p' "$1"; return; }
        sleep 0.1
    done
    echo "not ready after 60 s" >&2
    return 1
}

metric() { curl -fsS "$1/metrics" | awk -v name="$2" 'index($1, name) == 1 { sum += $2 } END { print sum + 0 }'; }

# simulate AGENTS: LivePerson's side alone; sets `settings` for a bridge that reads it.
simulate() {
    : >"$work/sim.out"
    "$bridge" simulate liveperson --agents "$1" --listen 127.0.0.1:0 >"$work/sim.out" 2>/dev/null &
    pids+=("$!")
    for _ in $(seq 600); do [ -s "$work/sim.out" ] && break; sleep 0.1; done
    local url
    url=$(sed -n 's/^ready liveperson=\([^ ]*\).*/\1/p' "$work/sim.out")
    settings=(LP2RC_LIVEPERSON__DISCOVERY_URL="$url" LP2RC_LIVEPERSON__TRUSTED_HOSTS="[\"${url#http://}\"]"
        LP2RC_API__LISTEN=127.0.0.1:0 LP2RC_OPERATIONS__LISTEN=127.0.0.1:0 LP2RC_API__RATE_LIMIT=false)
    sed '/^every = /d' config/demo.toml >"$work/bridge.toml"
}

# The whole process stands still for 7 s: the cron trigger's own jobs die of that, the loop must not.
pausing() {
    local ops before after daemon
    simulate 25
    env "${settings[@]}" LP2RC_SCHEDULE__CRON='*/2 * * * * *' LP2RC_STATE__DIR="$work/pause" \
        "$bridge" serve --config "$work/bridge.toml" >"$work/pause.out" 2>"$work/pause.err" &
    daemon=$!
    pids+=("$daemon")
    ops=$(ready "$work/pause.out")
    sleep 5
    kill -STOP "$daemon"
    sleep 7
    kill -CONT "$daemon"
    before=$(metric "$ops" lp2rc_polls_total)
    sleep 10
    after=$(metric "$ops" lp2rc_polls_total)
    echo "polls in the 10 s after a pause of 7 s, every 2 s by cron: $((after - before))"
    [ "$((after - before))" -ge 3 ]
}

# The largest account, in both formats: time to the first snapshot, after a restart, and memory of
# the bridge alone. The world changes every second, so every poll is one with changes.
large() {
    local format=$1 started ops api pid rss turn
    simulate 100000
    for turn in first restart; do
        started=$(date +%s%N)
        : >"$work/large.out"
        env "${settings[@]}" LP2RC_LIVEPERSON__FORMAT="$format" LP2RC_SCHEDULE__EVERY=2s \
            LP2RC_STATE__DIR="$work/large-$format" \
            "$bridge" serve --config "$work/bridge.toml" >"$work/large.out" 2>"$work/large.err" &
        pid=$!
        pids+=("$pid")
        ops=$(ready "$work/large.out")
        api=$(sed -n 's/.*api=\([^ ]*\).*/\1/p' "$work/large.out")
        echo "$format, 100,000 agents, $turn: ready after $((($(date +%s%N) - started) / 1000000)) ms"
        curl -fsS -o /dev/null -w 'agent.next: %{http_code} after %{time_total} s\n' \
            "$api/api/v1/livechat/agent.next/acceptance"
        sleep 30
        rss=$(awk '/VmHWM/ { printf "%d", $2 / 1024 }' "/proc/$pid/status")
        echo "polls in about 30 s: $(metric "$ops" lp2rc_polls_total); peak RSS of the bridge: $rss MB"
        kill "$pid"
        wait "$pid" || true
    done
}

for round in 1 2 3 4 5 6 7 8 9 10; do part "kill-9-100-rounds-$round-of-10" killing; done
for round in 1 2 3; do part "64-clients-10000-asks-$round-of-3" asking; done
part pause pausing
part large-json large json
part large-xml large xml
for bench in parse select sync; do part "bench-$bench" cargo bench --locked --quiet --bench "$bench"; done
if command -v wrk >/dev/null; then
    part bench-http benches/http.sh
else
    printf '\n=== bench-http\nskipped: wrk is not installed (apt-get install wrk)\n'
fi
printf '\nfirst light: every part is done\n'
