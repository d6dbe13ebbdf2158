#!/usr/bin/env bash
# LivePerson's side in full: days of faults, any interleaving of polls, blackhole and garbage.
#
#   tests/acceptance/liveperson_day.sh            all parts; finished ones are not repeated
#   tests/acceptance/liveperson_day.sh again      from the beginning
#
# SEEDS, HOURS, AGENTS and CASES choose other sizes. Each part is bounded in time; what is done is
# noted in target/acceptance/liveperson_day/.
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${SEEDS:-20} hours=${HOURS:-24} agents=${AGENTS:-2000} cases=${CASES:-20000}
done_dir=target/acceptance/liveperson_day
[ "${1:-}" = again ] && rm -rf "$done_dir"
mkdir -p "$done_dir"
# Built once, so that no limit below is spent on it.
cargo test --release --locked --quiet --test it --no-run

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

# tests LIMIT FILTER…: these tests alone, with what they print.
tests() {
    local limit=$1
    shift
    timeout "$limit" cargo test --release --locked --quiet --test it -- "$@" --nocapture --test-threads=1
}

# One process, one day: every figure of it in one line.
day() {
    LP2RC_DAY_ALONE=1 LP2RC_DAY_SEED=$1 LP2RC_DAY_HOURS=$hours LP2RC_DAY_AGENTS=$agents \
        tests 1800 --exact day::one_seed_of_two_hours | grep -E "^seed |test result|panicked" -A3
}

interleaving() {
    PROPTEST_CASES=$cases tests 3600 interleavings:: | grep -E "test result|panicked" -A40
    echo "$cases interleavings"
}

part "interleavings-$cases" interleaving
part blackhole-and-garbage tests 600 blackhole::
for seed in $(seq "$seeds"); do part "day-$hours-hours-$agents-agents-seed-$seed" day "$seed"; done
printf '\nliveperson day: every part is done\n'
grep -h '^seed ' "$done_dir"/day-*
