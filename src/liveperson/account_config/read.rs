//! One exchange with the Account Config API (contract §6.1): the host, then one list at a time.

use reqwest::{
    Url,
    header::{HeaderValue, IF_MATCH},
};

use super::decode::ListError;
use crate::{
    liveperson::{
        Reach,
        client::host,
        fault::Step,
        links::below,
        login::{self, Login},
        session::signed,
    },
    ports::{SourceError, SourceFault},
};

/// The service, whose host is another one than the agent API's. The bridge only ever reads.
pub(in crate::liveperson) const SERVICE: &str = "accountConfigReadOnly";

/// Larger lists are decoded off the async threads, as larger polls are.
const LARGE: usize = 256 * 1024;

/// No revision is so long; a header that is would be kept and sent back.
const LONGEST_REVISION: usize = 128;

const STEP: Step = Step::ReadAccounts;

/// The three lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Users,
    Skills,
    Groups,
}

impl Which {
    /// For messages.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Skills => "skills",
            Self::Groups => "agent groups",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Skills => "skills",
            Self::Groups => "agentGroups",
        }
    }

    /// `v` is what all three are documented with. `select` is not left to its default, which
    /// differs between accounts; the deleted are asked for, because they are what explains an
    /// absence.
    const fn query(self) -> &'static str {
        match self {
            Self::Users => "v=4.0&select=id,loginName,email,deleted,isEnabled&include_deleted=true",
            Self::Skills | Self::Groups => "v=4.0&select=id,name,deleted&include_deleted=true",
        }
    }
}

/// What came of asking for a list.
pub(super) enum Reading<T> {
    /// The list, and the revision it had.
    New(T, Option<String>),
    /// It still has the revision that was named.
    Unchanged,
    /// 401 or 403: the user has no right to it.
    NoRight,
}

/// The host: `named` by the login, else discovery's.
pub(super) async fn base(
    reach: &Reach,
    named: Option<&Url>,
    known: &mut Option<Url>,
) -> Result<Url, SourceError> {
    if let Some(named) = named {
        return Ok(named.clone());
    }
    if let Some(known) = known {
        return Ok(known.clone());
    }
    match login::discover(reach, SERVICE).await {
        Ok(base) => Ok(known.insert(base).clone()),
        Err(mut error) => {
            error.doing = error.doing.replace(login::SERVICE, SERVICE);
            Err(error)
        }
    }
}

/// Asks for one list. `revision` is that of what is held of this very list; without one the whole
/// list is wanted.
pub(super) async fn list<T: Send + 'static>(
    reach: &Reach,
    login: &Login,
    base: &Url,
    which: Which,
    revision: Option<&str>,
    decode: fn(&[u8]) -> Result<T, ListError>,
) -> Result<Reading<T>, SourceError> {
    let account = &reach.config.account;
    let path = format!(
        "api/account/{account}/configuration/le-users/{}",
        which.path()
    );
    let mut url = below(base, &path);
    url.set_query(Some(which.query()));
    let at = host(&url);
    let wanted = revision.and_then(|revision| HeaderValue::from_str(revision).ok());
    let wanted = wanted.unwrap_or(HeaderValue::from_static("-1"));
    let request = reach.wire.get(url, "application/json");
    let request = signed(request.header(IF_MATCH, wanted), login);
    let answer = reach.wire.send(STEP, request).await;
    let answer = answer.map_err(|error| about(which, error))?;
    let unusable = |what: String| {
        let error = STEP.error(&at, SourceFault::UnexpectedAnswer, what);
        about(which, error)
    };
    match answer.status.as_u16() {
        200 => {}
        304 if revision.is_some() => return Ok(Reading::Unchanged),
        304 => {
            let what = "answered 304 although the whole list was asked for; check the proxy";
            return Err(unusable(what.to_owned()));
        }
        401 | 403 => return Ok(Reading::NoRight),
        _ => return Err(about(which, STEP.refused(&at, &answer))),
    }
    let revision = answer.revision.filter(|text| {
        let text = text.trim();
        !text.is_empty() && text.len() <= LONGEST_REVISION
    });
    let body = answer.body;
    let decoded = if body.len() > LARGE {
        tokio::task::spawn_blocking(move || decode(&body)).await
    } else {
        Ok(decode(&body))
    };
    let decoded = decoded.map_err(|_| {
        unusable(
            "the decoder broke down on the answer; please report this, with the answer if you may"
                .to_owned(),
        )
    })?;
    match decoded {
        Ok(list) => Ok(Reading::New(list, revision)),
        Err(error) => Err(unusable(format!(
            "answered 200, but {error}; what was known before stays"
        ))),
    }
}

/// The same error, naming the list.
fn about(which: Which, mut error: SourceError) -> SourceError {
    error.what = format!("{}: {}", which.word(), error.what);
    error
}
