#!/usr/bin/env bash
# The fixed-window limit of docs/contracts/rocketchat-livechat.md §1.7 on a fresh demo: ten calls a
# minute for one address, whatever the tokens.
#
#   limit.sh http://127.0.0.1:PORT
set -euo pipefail
cd "$(dirname "$0")"
. ./curl.sh

next=$1/api/v1/livechat/agent.next
for call in $(seq 10); do
    # A refused ask is a call too: whether an agent is free does not matter here.
    ask "$next/visitor-$((call % 2))"
    case "$status" in
    200 | 400) ;;
    *) wrong="$wrong; call $call got $status" ;;
    esac
    expect "x-ratelimit-limit of call $call" "$(header x-ratelimit-limit)" 10
    expect "x-ratelimit-remaining of call $call" "$(header x-ratelimit-remaining)" $((10 - call))
done
verdict "ten calls pass and count down"

ask "$next/another-visitor"
expect status "$status" 429
expect content-type "$(header content-type)" "application/json"
expect x-ratelimit-limit "$(header x-ratelimit-limit)" 10
expect x-ratelimit-remaining "$(header x-ratelimit-remaining)" 0
expect retry-after "$(header retry-after)" ""
json 'keys == ["error","success"] and .success == false'
json '.error | test("^Error, too many requests[.] Please slow down[.] You must wait [1-9][0-9]? seconds before trying this endpoint again[.] \\[error-too-many-requests\\]$")'
verdict "the eleventh is refused"

# Reset is an epoch in milliseconds, at most a minute away.
reset=$(header x-ratelimit-reset)
now=$(($(date +%s) * 1000))
if ! [ "${reset:-0}" -gt $((now - 2000)) ] || ! [ "$reset" -le $((now + 62000)) ]; then
    wrong="$wrong; x-ratelimit-reset is '$reset' at $now"
fi
verdict "the reset is told in milliseconds"

[ "$failures" -eq 0 ]
