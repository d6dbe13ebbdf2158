//! Where our document and the official files differ, and why. § is docs/contracts/rocketchat-livechat.md;
//! `{}` stands for each parameter of a path.

/// An operation, what differs, and why.
pub(super) const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "GET /api/v1/livechat/agent.next/{}",
        "query department ours alone",
        "§4.1.2: the widget and both SDKs send it",
    ),
    (
        "POST /api/v1/livechat/agent.status",
        "body status ours alone",
        "§4.1.3: without it the status is toggled",
    ),
    (
        "GET /api/v1/livechat/config",
        "query businessUnit ours alone",
        "§4.2.1: the widget sends it",
    ),
    (
        "PUT /api/v1/livechat/message/{}",
        "body msg required by us",
        "§4.6.3: the servers' schema requires it",
    ),
    (
        "PUT /api/v1/livechat/message/{}",
        "body rid required by us",
        "§4.6.3: the servers' schema requires it",
    ),
    (
        "PUT /api/v1/livechat/message/{}",
        "body token required by us",
        "§4.6.3: the servers' schema requires it",
    ),
    (
        "DELETE /api/v1/livechat/message/{}",
        "body count ours alone",
        "§4.6.4: tolerated",
    ),
    (
        "DELETE /api/v1/livechat/message/{}",
        "body offset ours alone",
        "§4.6.4: tolerated",
    ),
    (
        "DELETE /api/v1/livechat/message/{}",
        "body sort ours alone",
        "§4.6.4: tolerated",
    ),
    (
        "GET /api/v1/livechat/messages.history/{}",
        "query count ours alone",
        "§4.6.5: accepted and ignored",
    ),
    (
        "GET /api/v1/livechat/messages.history/{}",
        "query offset ours alone",
        "§4.6.5: skips",
    ),
    (
        "GET /api/v1/livechat/messages.history/{}",
        "query searchText ours alone",
        "§4.6.5: accepted and ignored",
    ),
    (
        "GET /api/v1/livechat/messages.history/{}",
        "query sort ours alone",
        "§4.6.5: accepted and ignored",
    ),
    (
        "POST /api/v1/livechat/offline.message",
        "body department required by them",
        "§4.7.4: optional and nullable in the servers' schema; the widget sends none without departments",
    ),
    (
        "POST /api/v1/livechat/offline.message",
        "body host required by them",
        "§4.7.4: optional and nullable in the servers' schema",
    ),
    (
        "POST /api/v1/livechat/room.forward",
        "body clientAction ours alone",
        "§4.5: in the servers' schema",
    ),
    (
        "POST /api/v1/livechat/room.forward",
        "body comment ours alone",
        "§4.5: in the servers' schema",
    ),
    (
        "POST /api/v1/livechat/room.saveInfo",
        "body guestData required by us",
        "§4.5: required in the servers' schema",
    ),
    (
        "POST /api/v1/livechat/room.saveInfo",
        "body roomData required by us",
        "§4.5: required in the servers' schema",
    ),
    (
        "POST /api/v1/livechat/transcript",
        "body subject ours alone",
        "§4.7.5: accepted from 7.x on, and unused",
    ),
    (
        "GET /api/v1/livechat/transfer.history/{}",
        "query sort theirs alone",
        "§4.5: the query is open; the order is that of time",
    ),
    (
        "POST /api/v1/omnichannel/contact",
        "body _id ours alone",
        "§4.8: in the servers' check",
    ),
    (
        "POST /api/v1/omnichannel/contact",
        "body customFields ours alone",
        "§4.8: in the servers' check",
    ),
    (
        "POST /api/v1/omnichannel/contact",
        "body username ours alone",
        "§4.8: in the servers' check",
    ),
    (
        "POST /api/v1/login",
        "body code theirs alone",
        "§1.6: looked at by hand, as one of several forms",
    ),
    (
        "POST /api/v1/login",
        "body password theirs alone",
        "§1.6: looked at by hand, as one of several forms",
    ),
    (
        "POST /api/v1/login",
        "body resume theirs alone",
        "§1.6: looked at by hand, as one of several forms",
    ),
    (
        "POST /api/v1/login",
        "body user theirs alone",
        "§1.6: looked at by hand, as one of several forms",
    ),
    (
        "GET /api/v1/omnichannel/contacts.checkExistence",
        "query contactId theirs alone",
        "§4.8: looked at by hand, because exactly one must be there",
    ),
    (
        "GET /api/v1/omnichannel/contacts.checkExistence",
        "query email theirs alone",
        "§4.8: looked at by hand, because exactly one must be there",
    ),
    (
        "GET /api/v1/omnichannel/contacts.checkExistence",
        "query phone theirs alone",
        "§4.8: looked at by hand, because exactly one must be there",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body contactId ours alone",
        "§4.8: the files show the body and name no key",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body contactManager ours alone",
        "§4.8: the files show the body and name no key",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body customFields ours alone",
        "§4.8: the files show the body and name no key",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body emails ours alone",
        "§4.8: the files show the body and name no key",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body name ours alone",
        "§4.8: the files show the body and name no key",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body phones ours alone",
        "§4.8: the files show the body and name no key",
    ),
    (
        "POST /api/v1/omnichannel/contacts.update",
        "body wipeConflicts ours alone",
        "§4.8: the files show the body and name no key",
    ),
];

/// Operations that the files do not have, and why we do.
pub(super) const OURS: &[(&str, &str)] = &[
    (
        "GET /api/info",
        "§0: clients ask it for the version before anything else",
    ),
    (
        "POST /api/v1/livechat/visitor.status",
        "§4.3.5: the files call it visitors.status; servers and clients do not",
    ),
    (
        "POST /api/v1/livechat/visitor.callStatus",
        "§4.3.6: removed in 8.0, and from the files",
    ),
    (
        "POST /api/v1/livechat/room.transfer",
        "§4.4.5: removed in 8.0, and from the files",
    ),
    (
        "PUT /api/v1/livechat/room.visitor",
        "§4.5: removed in 7.0, and from the files",
    ),
    (
        "GET /api/v1/livechat/{}/messages",
        "§4.6.7: the files have its parts the other way round",
    ),
    (
        "GET /api/v1/livechat/video.call/{}",
        "§4.7.6: of older versions; the old SDK calls it",
    ),
    (
        "GET /api/v1/livechat/webrtc.call",
        "§4.7.6: removed in 8.0, and from the files",
    ),
    (
        "PUT /api/v1/livechat/webrtc.call/{}",
        "§4.7.6: removed in 8.0, and from the files",
    ),
    ("GET /api/v1/omnichannel/contact", "§4.8: not in the files"),
    (
        "POST /api/v1/omnichannel/contacts.delete",
        "§4.8: of 8.x, not in the files yet",
    ),
    (
        "POST /api/v1/chat.sendMessage",
        "§4.6: agents' consoles and bots write with it; another of the official files",
    ),
    (
        "POST /api/v1/chat.postMessage",
        "§4.6: agents' consoles and bots write with it; another of the official files",
    ),
    (
        "GET /api/v1/chat.getMessage",
        "§4.6: agents' consoles and bots read with it; another of the official files",
    ),
];

const ADMINISTRATION: &str =
    "administration: what a rehearsal has of it is configured in [livechat], §4.7.8";
const SUPERVISION: &str = "supervision of agents and reports: not the visitors' side";
const PREMIUM: &str = "of the premium edition, for agents: not the visitors' side";

/// Operations of the files, or the beginnings of several (`*`), that we do not serve.
pub(super) const NOT_SERVED: &[(&str, &str)] = &[
    ("GET /api/v1/livechat/analytics/*", SUPERVISION),
    ("GET /api/v1/livechat/livechat/analytics/*", SUPERVISION),
    ("GET /api/v1/livechat/queue", SUPERVISION),
    ("GET /api/v1/livechat/monitors*", SUPERVISION),
    ("POST /api/v1/livechat/monitors*", SUPERVISION),
    ("POST /api/v1/livechat/agents.saveInfo", ADMINISTRATION),
    ("GET /api/v1/livechat/agents/{}/departments", ADMINISTRATION),
    ("GET /api/v1/livechat/appearance", ADMINISTRATION),
    ("POST /api/v1/livechat/appearance", ADMINISTRATION),
    ("GET /api/v1/livechat/business-hour*", ADMINISTRATION),
    ("POST /api/v1/livechat/business-hours.*", ADMINISTRATION),
    ("GET /api/v1/livechat/custom-fields*", ADMINISTRATION),
    ("POST /api/v1/livechat/custom-fields.*", ADMINISTRATION),
    ("GET /api/v1/livechat/department*", ADMINISTRATION),
    ("POST /api/v1/livechat/department*", ADMINISTRATION),
    ("PUT /api/v1/livechat/department*", ADMINISTRATION),
    ("DELETE /api/v1/livechat/department*", ADMINISTRATION),
    ("GET /api/v1/livechat/integrations.settings", ADMINISTRATION),
    ("POST /api/v1/omnichannel/integrations", ADMINISTRATION),
    ("GET /api/v1/livechat/triggers*", ADMINISTRATION),
    ("POST /api/v1/livechat/triggers*", ADMINISTRATION),
    ("DELETE /api/v1/livechat/triggers*", ADMINISTRATION),
    ("GET /api/v1/livechat/users/*", ADMINISTRATION),
    ("POST /api/v1/livechat/users/*", ADMINISTRATION),
    ("DELETE /api/v1/livechat/users/*", ADMINISTRATION),
    ("POST /api/v1/livechat/webhook.test", ADMINISTRATION),
    ("POST /api/v1/livechat/sms-incoming/*", ADMINISTRATION),
    ("POST /api/v1/livechat/rooms.delete", ADMINISTRATION),
    (
        "POST /api/v1/livechat/rooms.removeAllClosedRooms",
        ADMINISTRATION,
    ),
    ("GET /api/v1/livechat/rooms/filters", SUPERVISION),
    ("PUT /api/v1/livechat/inquiry.setSLA", PREMIUM),
    ("GET /api/v1/livechat/priorities*", PREMIUM),
    ("POST /api/v1/livechat/priorities*", PREMIUM),
    ("PUT /api/v1/livechat/priorities*", PREMIUM),
    ("POST /api/v1/livechat/room/{}/priority", PREMIUM),
    ("DELETE /api/v1/livechat/room/{}/priority", PREMIUM),
    ("POST /api/v1/livechat/room.onHold", PREMIUM),
    ("POST /api/v1/livechat/room.resumeOnHold", PREMIUM),
    ("GET /api/v1/livechat/sla*", PREMIUM),
    ("POST /api/v1/livechat/sla", PREMIUM),
    ("PUT /api/v1/livechat/sla/*", PREMIUM),
    ("DELETE /api/v1/livechat/sla/*", PREMIUM),
    ("GET /api/v1/livechat/tags*", PREMIUM),
    ("POST /api/v1/livechat/tags*", PREMIUM),
    ("GET /api/v1/livechat/units*", PREMIUM),
    ("POST /api/v1/livechat/units*", PREMIUM),
    ("DELETE /api/v1/livechat/units*", PREMIUM),
    ("POST /api/v1/omnichannel/contacts.block", PREMIUM),
    ("POST /api/v1/omnichannel/contacts.unblock", PREMIUM),
    ("POST /api/v1/omnichannel/{}/request-transcript", PREMIUM),
    (
        "GET /api/v1/livechat/messages/{}",
        "§4.6.7: servers have livechat/:rid/messages, and so have we",
    ),
    (
        "POST /api/v1/livechat/visitors.status",
        "§4.3.5: servers have visitor.status, and so have we",
    ),
    (
        "GET /api/v1/livechat/visitors.*",
        "agents' look at visitors: not the visitors' side",
    ),
];
