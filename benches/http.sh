#!/usr/bin/env bash
# agent.next beside a bare axum handler that returns fixed bytes: both in one run, in turns, the
# server on core 0 and wrk on core 1. Prints medians over the rounds, and the ratios beside goals
# P1, P3 and P4. Ratios repeat to about 0.05; absolute numbers say little on a shared machine.
#
#   benches/http.sh [ROUNDS [SECONDS [CONNECTIONS]]]     defaults: 9 rounds, 1 s, 32 connections
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-9} seconds=${2:-1} connections=${3:-32}

command -v wrk >/dev/null || { echo "wrk is missing: apt-get install wrk" >&2; exit 2; }
# As words before a command, not as a function: the process must be the server's own.
serving=() asking=()
if command -v taskset >/dev/null && [ "$(nproc)" -gt 1 ]; then
    serving=(taskset -c 0) asking=(taskset -c 1)
fi

server=$(cargo bench --bench http_fixed --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"http_fixed".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -x "$server" ] || { echo "the server does not build: cargo bench --bench http_fixed --no-run" >&2; exit 2; }

work=$(mktemp -d)
pids=()
stop() {
    for each in "${pids[@]}"; do
        kill "$each" 2>/dev/null || true
        kill -CONT "$each" 2>/dev/null || true # one may stand still, and would not hear
    done
    rm -rf "$work"
}
trap stop EXIT

names=(fixed api-100 api-100000 api-100000-publishing)
declare -A arguments=(
    [fixed]="fixed"
    [api-100]="api 100"
    [api-100000]="api 100000"
    [api-100000-publishing]="api 100000 publishing"
)
declare -A pid port

for name in "${names[@]}"; do
    # shellcheck disable=SC2086 # the arguments are words
    "${serving[@]}" "$server" ${arguments[$name]} >"$work/$name.port" &
    pid[$name]=$!
    pids+=("$!")
done
for name in "${names[@]}"; do
    for _ in $(seq 300); do [ -s "$work/$name.port" ] && break; sleep 0.1; done
    port[$name]=$(cat "$work/$name.port")
    [ -n "${port[$name]}" ] || { echo "$name does not start" >&2; exit 2; }
done

# User and system time of a process in seconds.
cpu() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / hz }' "/proc/$1/stat"; }

# One measurement: requests/s, p50 us, p99 us, server CPU us per request, answers that are no 200.
measure() {
    local name=$1 length=$2 before after
    before=$(cpu "${pid[$name]}")
    "${asking[@]}" wrk -t1 -c"$connections" -d"${length}s" --latency \
        "http://127.0.0.1:${port[$name]}/api/v1/livechat/agent.next/zzTokenX?department=dept3" \
        >"$work/wrk"
    after=$(cpu "${pid[$name]}")
    awk -v cpu="$(awk "BEGIN { print $after - $before }")" '
        function us(text) { return text ~ /us$/ ? text + 0 : text ~ /ms$/ ? text * 1000 : text * 1000000 }
        $1 == "50%" { p50 = us($2) }
        $1 == "99%" { p99 = us($2) }
        $2 == "requests" && $3 == "in" { requests = $1 }
        /Non-2xx/ { bad = $NF }
        /^Requests\/sec/ { rate = $2 }
        END { print rate, p50, p99, requests ? cpu * 1000000 / requests : 0, bad + 0 }' "$work/wrk"
}

# The publisher uses CPU all the time: it stands still while the others are measured.
publisher=${pid[api-100000-publishing]}
kill -STOP "$publisher"
for name in "${names[@]}"; do
    [ "$name" = api-100000-publishing ] && continue
    measure "$name" 1 >/dev/null # warm
done
for ((round = 0; round < rounds; round++)); do
    for name in $(shuf -e "${names[@]}"); do
        [ "$name" = api-100000-publishing ] && kill -CONT "$publisher"
        measure "$name" "$seconds" >>"$work/$name.rounds"
        [ "$name" = api-100000-publishing ] && kill -STOP "$publisher"
    done
    echo "round $((round + 1)) of $rounds" >&2
done
kill -CONT "$publisher"

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
column() { awk -v c="$2" '{ print $c }' "$work/$1.rounds" | median; }
# Median of the ratios round by round, so that a noisy moment hits both sides.
ratio() { paste -d' ' "$work/$1.rounds" "$work/$2.rounds" | awk -v c="$3" '{ print $c / $(c + 5) }' | median; }

printf '%-24s %10s %9s %9s %12s %10s %8s\n' server req/s 'p50 us' 'p99 us' 'CPU us/req' 'RSS MB' 'not 200'
for name in "${names[@]}"; do
    rss=$(awk '/VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/${pid[$name]}/status")
    bad=$(awk '{ sum += $5 } END { print sum }' "$work/$name.rounds")
    printf '%-24s %10.0f %9.0f %9.0f %12.2f %10s %8s\n' "$name" "$(column "$name" 1)" \
        "$(column "$name" 2)" "$(column "$name" 3)" "$(column "$name" 4)" "$rss" "$bad"
done

echo
verdict() { # text, value, relation, goal, gate
    awk -v text="$1" -v v="$2" -v r="$3" -v goal="$4" -v gate="$5" 'BEGIN {
        ok = r == ">=" ? v >= gate : v <= gate; met = r == ">=" ? v >= goal : v <= goal
        printf "%-66s %6.2f   goal %s %s, gate %s %s: %s\n", text, v, r, goal, r, gate, met ? "goal met" : ok ? "gate met" : "MISSED"
    }'
}
verdict "P1 agent.next of 100,000 / fixed handler, requests per second" "$(ratio api-100000 fixed 1)" '>=' 0.90 0.75
verdict "P1 fixed handler / agent.next of 100,000, server CPU per request" "$(ratio fixed api-100000 4)" '>=' 0.90 0.75
verdict "P3 p99 of agent.next / p99 of the fixed handler" "$(ratio api-100000 fixed 3)" '<=' 2.5 4
verdict "P3 the same while snapshots of 100,000 are published" "$(ratio api-100000-publishing fixed 3)" '<=' 2.5 4
verdict "P4 requests per second with 100,000 agents / with 100" "$(ratio api-100000 api-100 1)" '>=' 0.90 0.80
