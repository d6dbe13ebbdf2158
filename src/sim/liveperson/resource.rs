//! Which resource a request means, and where faults strike it.

use super::{accounts::Kind, faults::Place, request::Verb};

/// What a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Domain(&'a str),
    Domains,
    Login,
    Refresh,
    Logout,
    Sessions,
    Session(&'a str),
    Availability(&'a str),
    Info(&'a str),
    Incoming(&'a str),
    Agents(&'a str),
    Accounts(Kind),
}

impl<'a> Resource<'a> {
    /// The account and the resource that a path names; names are case-sensitive (contract §4.1).
    pub(super) fn find(path: &'a [String]) -> Option<(&'a str, Self)> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (root, account, rest) = match path.as_slice() {
            [root @ ("api" | "csdr"), "account", account, rest @ ..] => (*root, *account, rest),
            _ => return None,
        };
        let resource = match rest {
            ["service", name, "baseURI"] => Self::Domain(name),
            ["service", "baseURI"] => Self::Domains,
            // The older root knows nothing but discovery (contract §1).
            _ if root == "csdr" => return None,
            ["login"] => Self::Login,
            ["refresh"] => Self::Refresh,
            ["logout"] => Self::Logout,
            ["agentSession"] => Self::Sessions,
            ["agentSession", id] => Self::Session(id),
            ["agentSession", id, "availability"] => Self::Availability(id),
            ["agentSession", id, "info"] => Self::Info(id),
            ["agentSession", id, "incomingRequests"] => Self::Incoming(id),
            ["agentSession", id, "availableAgents"] => Self::Agents(id),
            ["configuration", "le-users", name] => Self::Accounts(Kind::find(name)?),
            _ => return None,
        };
        Some((account, resource))
    }

    pub(super) const fn place(self) -> Place {
        match self {
            Self::Domain(_) | Self::Domains => Place::Discovery,
            Self::Login => Place::Login,
            Self::Refresh | Self::Logout => Place::Refresh,
            Self::Sessions
            | Self::Session(_)
            | Self::Availability(_)
            | Self::Info(_)
            | Self::Incoming(_) => Place::Session,
            Self::Agents(_) => Place::Agents,
            Self::Accounts(_) => Place::Accounts,
        }
    }

    /// Whether a method is for this resource. Availability answers for itself.
    pub(super) const fn takes(self, verb: Verb) -> bool {
        match self {
            Self::Login | Self::Refresh | Self::Logout | Self::Sessions => {
                matches!(verb, Verb::Post)
            }
            Self::Availability(_) => true,
            Self::Domain(_)
            | Self::Domains
            | Self::Session(_)
            | Self::Info(_)
            | Self::Incoming(_)
            | Self::Agents(_)
            | Self::Accounts(_) => matches!(verb, Verb::Get),
        }
    }
}
