#!/usr/bin/env bash
# Every row of docs/contracts/rocketchat-livechat.md §7 that a live demo can show, and the transport
# rules of §1 around it: status, exact body where it is fixed, headers.
#
#   rows.sh http://127.0.0.1:PORT
#
# Not reachable on a demo: an open room, hidden agent info, a vanished agent.
set -euo pipefail
cd "$(dirname "$0")"
. ./curl.sh

api=$1
next=$api/api/v1/livechat/agent.next
# One visitor: a repeated token moves its hold, so these checks never use up the agents.
token=curl-visitor

is_api_answer() {
    expect content-type "$(header content-type)" "application/json"
    expect cache-control "$(header cache-control)" "no-store"
    expect pragma "$(header pragma)" "no-cache"
}

is_agent() {
    expect status "$status" 200
    is_api_answer
    json '.success == true'
    json '.agent._id | test("^[23456789A-HJ-NP-TWXYZa-km-z]{17}$")'
    json '.agent.username | test("^[0-9a-zA-Z._-]+$")'
    json '.agent.name | type == "string" and length > 0'
    json '.agent.status == "online"'
    json '.agent.emails // [] | all(.verified == true and (.address | test("@")))'
    json '.agent | keys - ["_id","customFields","emails","livechat","name","phone","status","username"] == []'
}

# is_refused ERROR-BODY: 400 with exactly this body.
is_refused() {
    expect status "$status" 400
    expect body "$body" "$1"
    is_api_answer
}

is_not_found() {
    expect status "$status" 404
    expect body "$body" "404 Not Found"
    expect content-type "$(header content-type)" "text/plain; charset=UTF-8"
}

# Somebody is free within five seconds of `ready`.
for _ in $(seq 50); do
    ask "$next/$token"
    [ "$status" != 200 ] || break
    sleep 0.1
done
is_agent
verdict "an agent for a token"

ask "$next/$token?department="
is_agent
verdict "an empty department counts as none"

ask "$next/$token?department"
is_agent
verdict "a department without = is empty"

ask "$next/a%2Fb%20c"
is_agent
verdict "a percent-encoded token is one segment"

ask --header "Origin: https://shop.example" "$next/$token"
is_agent
expect access-control-allow-origin "$(header access-control-allow-origin)" "*"
verdict "a browser on another origin may read the answer"

ask --header "X-User-Id: nobody" --header "X-Auth-Token: nothing" "$next/$token"
is_agent
verdict "credentials change nothing on a public route"

ask "$next/$token?department=no-such-department"
is_refused '{"success":false,"error":"agent-not-found"}'
verdict "nobody is in an unknown department"

ask "$next/$token?foo=1"
is_refused '{"success":false,"error":"must NOT have additional properties [invalid-params]","errorType":"invalid-params"}'
verdict "an unknown key"

ask "$next/$token?department=a&department=b"
is_refused '{"success":false,"error":"must be string [invalid-params]","errorType":"invalid-params"}'
verdict "a repeated department"

ask "$next/$token?department[]=a"
is_refused '{"success":false,"error":"must be string [invalid-params]","errorType":"invalid-params"}'
verdict "a department in brackets"

ask "$next/$token?foo=1&department=a&department=b"
is_refused '{"success":false,"error":"must NOT have additional properties [invalid-params]","errorType":"invalid-params"}'
verdict "an unknown key wins over a wrong type"

ask --request POST --data '{}' --header "content-type: application/json" "$next/$token"
is_not_found
verdict "POST"

ask "$next/$token/"
is_not_found
verdict "a trailing slash"

ask "$next/"
is_not_found
verdict "an empty token"

ask "$next"
is_not_found
verdict "no token"

ask "$api/api/v1/livechat/agent.last/$token"
is_not_found
verdict "an unknown route"

# Read from the bare connection: curl would not show a body that must not be there.
address=${api#http://}
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'HEAD /api/v1/livechat/agent.next/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' \
    "$token" "$address" >&3
timeout 10 cat <&3 >"$answer/head" || true
exec 3>&-
expect "status line" "$(head -n 1 "$answer/head" | tr -d '\r')" "HTTP/1.1 200 OK"
expect "text after the headers" "$(tr -d '\r' <"$answer/head" | sed '1,/^$/d')" ""
is_api_answer
verdict "HEAD"

ask --request OPTIONS "$next/$token" \
    --header "Origin: https://shop.example" --header "Access-Control-Request-Method: GET"
expect status "$status" 200
expect body "$body" "OK"
expect access-control-allow-origin "$(header access-control-allow-origin)" "*"
expect access-control-allow-methods "$(header access-control-allow-methods)" \
    "GET, POST, PUT, DELETE, HEAD, PATCH"
expect access-control-allow-headers "$(header access-control-allow-headers)" \
    "Origin, X-Requested-With, Content-Type, Accept, X-User-Id, X-Auth-Token, x-visitor-token, Authorization"
verdict "OPTIONS from a browser"

ask --request OPTIONS "$next/$token"
expect status "$status" 200
expect body "$body" "OK"
verdict "OPTIONS from anything else"

ask "$next/$token"
expect x-ratelimit-limit "$(header x-ratelimit-limit)" ""
verdict "no rate limit, no headers of it"

ask "$api/api/info"
expect status "$status" 200
json '.success == true'
json '.version | test("^[0-9]+[.][0-9]+$")'
verdict "GET /api/info"

[ "$failures" -eq 0 ]
