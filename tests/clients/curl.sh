# Sourced by rows.sh and limit.sh: one request, then expectations about its answer.
# shellcheck shell=bash
answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT
failures=0

# ask CURL-ARGUMENT…: sets `status` and `body`; headers are kept for `header`.
ask() {
    : >"$answer/body"
    : >"$answer/head"
    status=$(curl --silent --show-error --max-time 10 --globoff --path-as-is \
        --output "$answer/body" --dump-header "$answer/head" --write-out '%{http_code}' "$@") || true
    body=$(cat "$answer/body")
}

# header NAME: its value in the last answer, empty when absent.
header() {
    tr -d '\r' <"$answer/head" | sed -n "s/^$1: *//Ip" | head -n 1
}

# expect WHAT ACTUAL EXPECTED: `wrong` collects what differs.
wrong=""
expect() {
    [ "$2" = "$3" ] || wrong="$wrong; $1 is '$2', not '$3'"
}

# json FILTER: whether jq's filter holds for the body.
json() {
    jq -e "$1" <"$answer/body" >/dev/null 2>&1 || wrong="$wrong; not so: $1 in '$body'"
}

# verdict NAME: one line for all expectations since the last verdict.
verdict() {
    if [ -z "$wrong" ]; then
        echo "ok $1"
    else
        echo "FAIL $1$wrong"
        failures=$((failures + 1))
    fi
    wrong=""
}
