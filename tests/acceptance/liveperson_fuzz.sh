#!/usr/bin/env bash
# A million fuzz inputs per target, without a panic, a hang or unbounded memory, with figures.
#
#   tests/acceptance/liveperson_fuzz.sh            all targets; finished ones are not repeated
#   tests/acceptance/liveperson_fuzz.sh again      from the beginning
#   INPUTS=50000 tests/acceptance/liveperson_fuzz.sh again      fewer of them
#
# A failure prints the seed of its input. What is done is noted in
# target/acceptance/liveperson_fuzz/.
set -euo pipefail
cd "$(dirname "$0")/../.."
done_dir=target/acceptance/liveperson_fuzz
[ "${1:-}" = again ] && rm -rf "$done_dir"
mkdir -p "$done_dir"
inputs=${INPUTS:-1000000}
cargo test --release --locked --quiet --test fuzz --no-run

# run NAME FILTER: one target in a process of its own, with an end to its time and its memory.
run() {
    (
        ulimit -v 3000000
        BOLERO_RANDOM_ITERATIONS=$inputs timeout 3600 \
            cargo test --release --locked --quiet --test fuzz -- "$2" --nocapture --test-threads=1
    ) >"$done_dir/$1.log" 2>&1 || {
        tail -n 60 "$done_dir/$1.log"
        echo "$1: failed; the whole output is in $done_dir/$1.log" >&2
        return 1
    }
    grep -hoE 'fuzz .* inputs .*|test result: .*' "$done_dir/$1.log" >"$done_dir/$1.part"
    mv "$done_dir/$1.part" "$done_dir/$1"
}

for target in decode::json_decoder decode::xml_decoder link::next_link \
    discovery::discovery_answer config::configuration redact::excerpt_of_an_error bounds::; do
    name=${target%::}
    name=${name//::/-}
    printf '\n=== %s\n' "$name"
    [ -e "$done_dir/$name" ] || run "$name" "$target"
    cat "$done_dir/$name"
    # Nothing that ran is nothing that was shown.
    grep -q '[1-9][0-9]* passed' "$done_dir/$name"
    case $target in bounds::) ;; *) grep -qE " $inputs inputs| [0-9]{7,} inputs" "$done_dir/$name" ;; esac
done
printf '\nliveperson fuzz: every target is done\n'
