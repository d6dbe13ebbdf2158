#!/usr/bin/env python3
"""rocketchat_API from PyPI, the client of many bots: a visitor comes, a bot answers.

    rocketchat_api.py http://127.0.0.1:PORT
"""

import sys
import time
import traceback
import uuid

from rocketchat_API.APIExceptions.RocketExceptions import (
    RocketApiException,
    RocketAuthenticationException,
)
from rocketchat_API.rocketchat import RocketChat

API = sys.argv[1]
TOKEN = uuid.uuid4().hex
failures = 0


def check(name):
    """Runs the function once, in its place, and prints its line."""

    def run(function):
        global failures
        try:
            function()
            print(f"ok {name}")
        except Exception as error:  # every way to fail is a line
            failures += 1
            at = traceback.extract_tb(error.__traceback__)[1:2]
            where = f"line {at[0].lineno}: {at[0].line}" if at else ""
            print(f"FAIL {name}: {error!r} {where}".replace("\n", " "))

    return run


def refused(status, body, call, *arguments, **keywords):
    """What this client raises for an answer with success: false."""
    try:
        call(*arguments, **keywords)
    except RocketApiException as refusal:
        assert (refusal.status_code, refusal.response_json) == (status, body), (
            refusal.status_code,
            refusal.response_json,
        )
    else:
        raise AssertionError("it was not refused")


story = {}
visitors = RocketChat(server_url=API)


@check("info and a wrong password")
def _():
    assert visitors.info()["success"] is True
    try:
        RocketChat("console", "wrong", server_url=API)
    except RocketAuthenticationException:
        return
    raise AssertionError("it logged in")


@check("login and me")
def _():
    story["console"] = RocketChat("console", "console", server_url=API)
    me = story["console"].me()
    assert me["username"] == "console", me
    assert story["console"].headers["X-User-Id"] == me["_id"]


@check("a visitor is registered and read")
def _():
    guest = {"name": "Fay", "email": "fay@example.org"}
    made = visitors.livechat_register_visitor(TOKEN, visitor=guest)["visitor"]
    read = visitors.livechat_get_visitor(TOKEN)["visitor"]
    assert (read["_id"], read["token"]) == (made["_id"], TOKEN)
    assert read["visitorEmails"] == [{"address": "fay@example.org"}], read
    story["visitor"] = read
    unknown = {"success": False, "error": "[invalid-token]", "errorType": "invalid-token"}
    refused(400, unknown, visitors.livechat_get_visitor, "nobody")


@check("a room, and again the same")
def _():
    room = visitors.livechat_room(TOKEN)["room"]
    again = visitors.livechat_room(TOKEN, rid=room["_id"])
    assert again["newRoom"] is False
    assert again["room"]["v"]["_id"] == story["visitor"]["_id"]
    story["room"] = again["room"]


@check("a message and its history")
def _():
    rid = story["room"]["_id"]
    text = f"is it raining, {TOKEN}?"
    sent = visitors.livechat_message(TOKEN, rid, text)["message"]
    # This client always pages: offset and count.
    history = list(visitors.livechat_messages_history(rid, TOKEN, max_count=10))
    assert [m["msg"] for m in history if m["_id"] == sent["_id"]] == [text], history
    stamps = [m["ts"] for m in history]
    assert stamps == sorted(stamps, reverse=True), stamps


@check("the list of rooms has it")
def _():
    console = story["console"]
    rooms = list(console.livechat_rooms(open="true", roomName="Fay"))
    assert story["room"]["_id"] in [room["_id"] for room in rooms], rooms


@check("an inquiry is listed, read and taken")
def _():
    console, rid = story["console"], story["room"]["_id"]
    served = visitors.livechat_room(TOKEN)["room"]["servedBy"]
    console.call_api_post("livechat/inquiries.returnAsInquiry", roomId=rid)
    inquiry = console.livechat_inquiries_get_one(rid)["inquiry"]
    assert inquiry["rid"] == rid, inquiry
    list(console.livechat_inquiries_list())
    if inquiry["status"] != "taken":
        taken = console.livechat_inquiries_take(inquiry["_id"], userId=served["_id"])
        assert taken["success"] is True, taken
    assert visitors.livechat_room(TOKEN)["room"]["servedBy"]["_id"]


@check("a bot answers as the one who serves")
def _():
    rid = story["room"]["_id"]
    bot = RocketChat("bot", "bot", server_url=API)
    posted = bot.chat_post_message("it is dry here", room_id=rid)["message"]
    served = visitors.livechat_room(TOKEN)["room"]["servedBy"]
    assert posted["u"]["_id"] == served["_id"], posted
    history = visitors.livechat_messages_history(rid, TOKEN)
    assert posted["_id"] in [message["_id"] for message in history]


@check("the simulated agent answers too")
def _():
    rid = story["room"]["_id"]
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        history = visitors.livechat_messages_history(rid, TOKEN)
        if any("raining" in m["msg"] and m.get("token") != TOKEN for m in history):
            return
        time.sleep(0.2)
    raise AssertionError("nobody answered in 15 s")


@check("without a login the agents' side is closed")
def _():
    message = "You must be logged in to do this."
    body = {"success": False, "error": message, "status": "error", "message": message}
    refused(401, body, visitors.livechat_rooms)


@check("logout")
def _():
    story["console"].logout()
    message = "You must be logged in to do this."
    body = {"success": False, "error": message, "status": "error", "message": message}
    refused(401, body, story["console"].me)


sys.exit(0 if failures == 0 else 1)
