//! Heading "Contacts" (livechat contract §4.8): what they must be sent. The work is in
//! `contact_work` for the contacts of 7.x, in `contact_visitors` for those of 6.x, which are visitors.

use http::Method;

use super::{
    account::Permission,
    contact_visitors as visitors, contact_work as work,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_7, FROM_8, Params},
    schema::{Kind, Schema},
};

const TEXTS: Kind = Kind::List {
    item: &Kind::Text,
    least: 0,
    unique: true,
};

const MANAGER: Schema = Schema {
    required: &["username"],
    properties: &[("username", Kind::Text)],
    open: false,
};

const ENTER: Schema = Schema {
    required: &["token", "name"],
    properties: &[
        ("_id", Kind::Text),
        ("token", Kind::Text),
        ("name", Kind::Text),
        ("username", Kind::Text),
        ("email", Kind::Text),
        ("phone", Kind::Text),
        ("customFields", Kind::AnyObject),
        ("contactManager", Kind::Object(&MANAGER)),
    ],
    open: false,
};

const BY_ID: Schema = Schema {
    required: &["contactId"],
    properties: &[("contactId", Kind::Text)],
    open: false,
};

const SEARCH_VISITOR: Schema = Schema {
    required: &[],
    properties: &[
        ("email", Kind::Text),
        ("phone", Kind::Text),
        ("custom", Kind::Text),
    ],
    open: false,
};

const CREATE: Schema = Schema {
    required: &["name", "emails", "phones"],
    properties: &[
        ("name", Kind::Text),
        ("emails", TEXTS),
        ("phones", TEXTS),
        ("customFields", Kind::Nullable(&Kind::AnyObject)),
        ("contactManager", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

const UPDATE: Schema = Schema {
    required: &["contactId"],
    properties: &[
        ("contactId", Kind::Text),
        ("name", Kind::Text),
        ("emails", Kind::Nullable(&TEXTS)),
        ("phones", Kind::Nullable(&TEXTS)),
        ("customFields", Kind::Nullable(&Kind::AnyObject)),
        ("contactManager", Kind::Nullable(&Kind::Text)),
        ("wipeConflicts", Kind::Nullable(&Kind::Flag)),
    ],
    open: false,
};

const CONFLICTS: Schema = Schema {
    required: &["contactId"],
    properties: &[
        ("contactId", Kind::Text),
        ("name", Kind::Nullable(&Kind::Text)),
        ("contactManager", Kind::Nullable(&Kind::Text)),
        ("customFields", Kind::AnyObject),
        ("wipeConflicts", Kind::Nullable(&Kind::Flag)),
    ],
    open: false,
};

const SEARCH: Schema = Schema {
    required: &[],
    properties: &[
        ("count", Kind::Number),
        ("offset", Kind::Number),
        ("sort", Kind::Text),
        ("searchText", Kind::Text),
        ("unknown", Kind::Flag),
    ],
    open: false,
};

const HISTORY: Schema = Schema {
    required: &["contactId"],
    properties: &[
        ("contactId", Kind::Text),
        ("source", Kind::Text),
        ("count", Kind::Number),
        ("offset", Kind::Number),
        ("sort", Kind::Text),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "omnichannel/contact",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::CheckBody(&ENTER),
        summary: "Enter a visitor, or change one.",
        run: |livechat, call| Box::pin(visitors::enter(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contact",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::CheckQuery(&BY_ID),
        summary: "The visitor of an id.",
        run: |livechat, call| Box::pin(visitors::read(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contact.search",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewRoom]),
        limit: None,
        params: Params::CheckQuery(&SEARCH_VISITOR),
        summary: "The visitor of an address, a number or a custom field.",
        run: |livechat, call| Box::pin(visitors::search(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "omnichannel/contacts",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::CreateContact]),
        limit: None,
        params: Params::Body(&CREATE),
        summary: "Enter a contact.",
        run: |livechat, call| Box::pin(work::create(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "omnichannel/contacts.update",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::UpdateContact]),
        limit: None,
        params: Params::Body(&UPDATE),
        summary: "Change a contact.",
        run: |livechat, call| Box::pin(work::update(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "omnichannel/contacts.conflicts",
        versions: FROM_7,
        auth: Auth::Needs(&[Permission::UpdateContact]),
        limit: None,
        params: Params::Body(&CONFLICTS),
        summary: "Settle what a contact's visitors say otherwise.",
        run: |livechat, call| Box::pin(work::conflicts(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contacts.get",
        versions: ALWAYS,
        auth: Auth::Needs(&[Permission::ViewContact]),
        limit: None,
        params: Params::Query(&BY_ID),
        summary: "The contact of an id.",
        run: |livechat, call| Box::pin(work::get(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contacts.search",
        versions: FROM_7,
        auth: Auth::Needs(&[Permission::ViewContact]),
        limit: None,
        params: Params::Query(&SEARCH),
        summary: "Contacts by part of their name, address or number.",
        run: |livechat, call| Box::pin(work::search(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contacts.checkExistence",
        versions: FROM_7,
        auth: Auth::Needs(&[Permission::ViewContact]),
        limit: None,
        // One of three schemas: looked at by the endpoint itself.
        params: Params::Free,
        summary: "Whether there is a contact of an id, an address or a number.",
        run: |livechat, call| Box::pin(work::check_existence(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contacts.history",
        versions: FROM_7,
        auth: Auth::Needs(&[Permission::ViewContactHistory]),
        limit: None,
        params: Params::Query(&HISTORY),
        summary: "The closed rooms of a contact.",
        run: |livechat, call| Box::pin(work::history(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "omnichannel/contacts.channels",
        versions: FROM_7,
        auth: Auth::Needs(&[Permission::ViewContact]),
        limit: None,
        params: Params::Query(&BY_ID),
        summary: "Where a contact wrote from.",
        run: |livechat, call| Box::pin(work::channels(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "omnichannel/contacts.delete",
        versions: FROM_8,
        auth: Auth::Needs(&[Permission::DeleteContact]),
        limit: None,
        params: Params::TypedBody(&BY_ID),
        summary: "Remove a contact.",
        run: |livechat, call| Box::pin(work::delete(livechat, call)),
    },
];
