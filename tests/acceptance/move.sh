#!/usr/bin/env bash
# The move in full: 5,000 agents with 40 skills in three waves through the real program, a kill at every
# write, faults, the rate limiter, and the bound that latency sets.
#
#   tests/acceptance/move.sh            all parts; finished ones are not repeated
#   tests/acceptance/move.sh again      from the beginning
#
# AGENTS, SKILLS and VERSION choose another move. Each part is bounded in time; what is done is noted in
# target/acceptance/move/.
set -euo pipefail
cd "$(dirname "$0")/../.."
agents=${AGENTS:-5000} skills=${SKILLS:-40} version=${VERSION:-8}
done_dir=target/acceptance/move
[ "${1:-}" = again ] && rm -rf "$done_dir"
mkdir -p "$done_dir"
cargo build --release --locked --quiet
cargo test --release --locked --quiet --test it --no-run
bridge=target/release/lp2rc
work=$(mktemp -d)
pids=()
stop() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done; wait; rm -rf "$work"; }
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

# simulate SIDE ARGUMENT…: starts a simulator and prints its address.
simulate() {
    local side=$1 out="$work/$1.out"
    shift
    : >"$out"
    "$bridge" simulate "$side" --listen 127.0.0.1:0 "$@" >"$out" 2>"$work/$side.toml" &
    pids+=($!)
    for _ in $(seq 600); do
        [ -s "$out" ] && { sed -n "s/^ready $side=\([^ ]*\).*/\1/p" "$out"; return; }
        sleep 0.1
    done
    echo "the simulated $side is not ready after 60 s" >&2
    return 1
}

# move CODE WORD…: lp2rc migrate, which must end with that code; says how long it took.
move() {
    local expected=$1 code=0 since
    shift
    since=$(date +%s.%N)
    timeout 1800 "$bridge" migrate "$@" --config "$work/lp2rc.toml" >"$work/out" 2>"$work/err" || code=$?
    printf '%-42s exit %-3s %6.1f s  %s\n' "$*" "$code" "$(date +%s.%N | awk -v s="$since" '{print $1 - s}')" \
        "$(grep -E '^(nothing|all|[0-9]+ of|a dry)' "$work/err" | tail -1)"
    if [ "$code" != "$expected" ]; then
        echo "expected $expected"
        tail -n 20 "$work/err"
        return 1
    fi
}

# What Rocket.Chat holds, without ids and moments.
holds() { curl -fsS "$target/sim/state" | jq -S .; }
owners() { "$bridge" agents --output json --config "$work/lp2rc.toml" 2>/dev/null | jq -r '.agents[].owner' | sort | uniq -c | awk '{printf "%s %s; ", $2, $1}'; }

# Everybody in three waves, cut over, back again, and there once more.
whole() {
    local source before moved
    source=$(simulate liveperson --agents "$agents" --skills "$skills" --step-seconds 0 --no-turnover)
    target=$(simulate rocketchat --version "$version" --no-rate-limit)
    {
        cat "$work/liveperson.toml" "$work/rocketchat.toml"
        cat <<TOML
[state]
dir = "$work/state"
[log]
level = "warn"
[routing]
max_age = "2h"
[migrate]
policy = "sync"
login = "sso"
missing_email = "template"
email_template = "{username}@agents.example.org"
department_email = "{name}@departments.example.org"
acknowledge = ["no-client-connected"]
waves = [{ name = "one", groups = ["Main Group", "Europe"] }, { name = "two", groups = ["Americas"] }]
[migrate.guard]
opened_count = 5000
removals_count = 50000
removals_percent = 100
TOML
    } >"$work/lp2rc.toml"
    echo "LivePerson $source, Rocket.Chat $version $target, $agents agents, $skills skills"
    "$bridge" sync --config "$work/lp2rc.toml" >/dev/null 2>&1
    before=$(holds)
    move 0 check
    move 12 verify --output json
    for wave in one two rest; do
        move 12 plan --wave "$wave" --out "$work/plan-$wave.json"
        move 0 apply --plan "$work/plan-$wave.json"
    done
    move 0 apply
    grep -q "nothing to do" "$work/err" "$work/out" || { echo "the second apply was not empty"; return 1; }
    move 0 verify --output json
    jq -c '{agents, equal, acknowledged, different}' "$work/out"
    [ "$(jq '.agents == .equal and .agents > 0' "$work/out")" = true ]
    moved=$(holds)
    echo "owners before the cut-over: $(owners)"
    move 0 apply --wave one --cut-over
    echo "owners after the cut-over of wave one: $(owners)"
    "$bridge" explain --output json --config "$work/lp2rc.toml" 2>/dev/null |
        jq -c '{candidates: (.candidates | length), tally}'
    move 0 verify --output json
    for _ in 1 2 3 4; do move 0 undo --accept removals; done
    echo "owners after undo: $(owners)"
    move 12 verify --output json
    jq -c '{agents, equal, acknowledged, different}' "$work/out"
    holds >"$work/after"
    echo "$before" >"$work/before"
    # Users and departments that were there are as they were; those that were made are switched off.
    jq -n --slurpfile b "$work/before" --slurpfile a "$work/after" '
        ($b[0].users | to_entries | map(select($a[0].users[.key] != .value)) | length) as $changed
        | ($a[0].users | to_entries | map(select($b[0].users[.key] == null))) as $made
        | ($made | map(select(.value.active or .value.roles != ["user"] or .value.departments != [])) | length) as $left
        | ($a[0].departments | map(select(.archived | not)) | length) as $open
        | ([$b[0].settings, $a[0].settings] | if .[0] == .[1] then 0 else 1 end) as $settings
        | {before_images_not_restored: ($changed + $settings), made_and_switched_off: ($made | length), made_and_not_switched_off: $left, departments_still_open: $open}' |
        tee "$work/undone"
    [ "$(jq '.before_images_not_restored + .made_and_not_switched_off + .departments_still_open' "$work/undone")" = 0 ]
    move 0 apply
    move 0 verify --output json
    [ "$(holds)" = "$moved" ] && echo "applied again: exactly as after the first time"
    move 0 finish
    echo "owners after finish: $(owners)"
}

tests() {
    local limit=$1
    shift
    timeout "$limit" cargo test --release --locked --quiet --test it -- "$@" --nocapture --test-threads=1
}

killing() { LP2RC_KILL_EVERY=1 tests 3600 moving::killed:: | grep -E "^killed|test result|panicked" -A3; }
troubles() { LP2RC_MOVE_AGENTS=500 tests 1800 --exact moving::faults::random_faults_end_in_the_same_state | grep -E "faults in|test result|panicked" -A3; }
limiter() { LP2RC_MOVE_AGENTS=60 tests 1200 --exact moving::faults::the_rate_limiter_is_never_provoked | grep -E "no 429|test result|panicked" -A3; }
latency() { timeout 900 cargo bench --locked --quiet --bench move; }

part "whole-$agents-agents-$skills-skills-version-$version" whole
part killed-at-every-write killing
part one-request-in-a-hundred-fails troubles
part ten-calls-per-two-seconds limiter
part the-bound-of-latency latency
printf '\nmove: every part is done\n'
