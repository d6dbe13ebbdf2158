#!/usr/bin/env bash
# Visitors in full: 1,000 at once with open sockets through one process, each a dialogue of 20 messages with
# simulated agents; the same slower within the rate limit; and kill -9 while everybody writes.
#
#   tests/acceptance/visitors.sh            all parts; finished ones are not repeated
#   tests/acceptance/visitors.sh again      from the beginning
#
# VISITORS, QUESTIONS (each has an answer) and KILLS choose other sizes. Each part is bounded in time; what is
# done is noted in target/acceptance/visitors/.
set -euo pipefail
cd "$(dirname "$0")/../.."
visitors=${VISITORS:-1000} questions=${QUESTIONS:-10} kills=${KILLS:-20}
done_dir=target/acceptance/visitors
[ "${1:-}" = again ] && rm -rf "$done_dir"
mkdir -p "$done_dir"
# A socket and a request for each visitor, on both sides.
ulimit -n "$(ulimit -Hn)"
cargo test --release --locked --quiet --test it --no-run

# part NAME LIMIT TEST: runs a test once, keeps its output, shows it again when it was done before.
part() {
    printf '\n=== %s\n' "$1"
    if [ ! -e "$done_dir/$1" ]; then
        timeout "$2" cargo test --release --locked --quiet --test it -- --exact "visitors::$3" --nocapture \
            2>&1 | grep -vE '^(running|$)' | tee "$done_dir/$1.part"
        mv "$done_dir/$1.part" "$done_dir/$1"
    else
        cat "$done_dir/$1"
    fi
}

LP2RC_VISITORS=$visitors LP2RC_QUESTIONS=$questions part dialogues 900 every_dialogue_is_whole_and_in_order
part limited 300 within_the_rate_limit_a_dialogue_is_only_slower
LP2RC_VISITORS=100 LP2RC_KILLS=$kills part killed 900 killed::no_acknowledged_message_is_lost_by_kill_9
