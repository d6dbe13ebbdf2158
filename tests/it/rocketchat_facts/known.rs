//! Where our contract and the official files differ.

/// Where the files are known to be wrong, or to say nothing.
pub(super) enum Known {
    /// The operation is not in the files. Query and body keys that it takes; `!` is required.
    Absent(&'static [&'static str], &'static [&'static str]),
    /// A query parameter that the files lack.
    Query(&'static str),
    /// A body key that the files lack.
    Body(&'static str),
    /// A body key that the files require, and that may be left out when the other one is there.
    Instead(&'static str, &'static str),
}

/// Method, path, what, section of the contract.
pub(super) const KNOWN: &[(&str, &str, Known, &str)] = &[
    ("GET", "/api/info", Known::Absent(&[], &[]), "1.5"),
    (
        "GET",
        "/api/v1/licenses.info",
        Known::Absent(&[], &[]),
        "1.5",
    ),
    (
        "GET",
        "/api/v1/licenses.get",
        Known::Absent(&[], &[]),
        "1.5",
    ),
    (
        "GET",
        "/api/v1/settings/{_id}",
        Known::Absent(&[], &[]),
        "1.5",
    ),
    (
        "POST",
        "/api/v1/settings/{_id}",
        Known::Absent(&[], &["value!"]),
        "1.5",
    ),
    (
        "POST",
        "/api/v1/roles.addUserToRole",
        Known::Instead("roleName", "roleId"),
        "2.3",
    ),
    (
        "POST",
        "/api/v1/roles.removeUserFromRole",
        Known::Instead("roleId", "roleName"),
        "2.3",
    ),
    (
        "POST",
        "/api/v1/roles.removeUserFromRole",
        Known::Body("roleName"),
        "2.3",
    ),
    // Every list is paged.
    (
        "GET",
        "/api/v1/livechat/departments/archived",
        Known::Query("count"),
        "2.5",
    ),
    (
        "GET",
        "/api/v1/livechat/departments/archived",
        Known::Query("offset"),
        "2.5",
    ),
    (
        "GET",
        "/api/v1/livechat/departments/archived",
        Known::Query("sort"),
        "2.5",
    ),
    // The files have the words of the path the other way round.
    (
        "POST",
        "/api/v1/livechat/department/{_id}/archive",
        Known::Absent(&[], &[]),
        "3.1",
    ),
    (
        "POST",
        "/api/v1/livechat/department/{_id}/unarchive",
        Known::Absent(&[], &[]),
        "3.1",
    ),
    (
        "POST",
        "/api/v1/method.call/{method}",
        Known::Absent(&[], &["message!"]),
        "3.3",
    ),
    // Without it the call toggles, which the files take for its only way.
    (
        "POST",
        "/api/v1/livechat/agent.status",
        Known::Body("status"),
        "3.6",
    ),
];

/// Parameters that are in the files and must never be sent: ignored today, refused in 9.0 (§2.5).
pub(super) const NEVER: [&str; 2] = ["query", "fields"];
