//! One reading of `availableAgents` (contract §4.1, §4.6).

use reqwest::{StatusCode, Url, header::CONTENT_TYPE};

use super::{
    Reach,
    client::{Answer, host},
    decode::{self, DecodeError, Decoded, Format},
    fault::Step,
    links::{self, below, complete},
    login::Login,
    session::{Session, Trouble},
};
use crate::{
    config::WireFormat,
    domain::{Coverage, Observation, SourceAgent, StaticHalf},
    ports::{PollRequest, SourceError, SourceFault},
    telemetry::Metrics,
};

/// Larger answers are decoded off the async threads: 256 KiB take about a millisecond.
const LARGE: usize = 256 * 1024;

const STEP: Step = Step::Read;

/// Reads the agents. A `next` link that the server refuses is dropped, and the whole account is
/// asked for instead.
pub(super) async fn read(
    reach: &Reach,
    login: &Login,
    session: &mut Session,
    request: PollRequest,
    metrics: &Metrics,
) -> Result<Observation, Trouble> {
    if !request.full
        && reach.config.follow_next
        && let Some(next) = session.next.take()
    {
        let answer = ask(reach, login, session, next.clone(), reach.config.format).await?;
        match answer.status.as_u16() {
            400 | 404 | 410 => {
                tracing::warn!(
                    status = answer.status.as_u16(),
                    "LivePerson refuses its own next link; asking for the whole account"
                );
            }
            _ => {
                let partial = Coverage::Partial;
                let seen = understood(reach, login, session, &next, answer, partial).await?;
                notice_full_links(session, seen.agents.len(), metrics);
                return Ok(seen);
            }
        }
    }
    let url = complete(
        below(&session.base, "availableAgents"),
        &reach.config.filters,
    );
    let coverage = if reach.config.filters.any() {
        Coverage::Filtered
    } else {
        Coverage::Full
    };
    let answer = ask(reach, login, session, url.clone(), reach.config.format).await?;
    let seen = understood(reach, login, session, &url, answer, coverage).await?;
    session.followed.whole = seen.agents.len();
    Ok(seen)
}

/// So many answers as large as the whole account are no chance.
const AS_LARGE: u32 = 3;

/// Nobody documents whether `next` gives changes or everything. Where it is everything, following it
/// costs as much as asking for the whole account and still may not say who is gone (contract §4.6
/// rule 4).
fn notice_full_links(session: &mut Session, seen: usize, metrics: &Metrics) {
    let followed = &mut session.followed;
    if seen < followed.whole.max(1) {
        followed.as_large = 0;
        metrics.source_next_is_full.set(0);
        return;
    }
    followed.as_large = followed.as_large.saturating_add(1);
    if followed.as_large == AS_LARGE {
        metrics.source_next_is_full.set(1);
        tracing::warn!(
            poll.agents = seen,
            "LivePerson's next link gives the whole account again, not the changes: liveperson.follow_next saves nothing here, switch it off"
        );
    }
}

/// What one answer shows to somebody who looks at it without polling.
pub(super) struct Look {
    /// The agents, without the bridge's own user, and what had to be skipped.
    pub(super) page: Decoded,
    /// The format of the answer, whatever was asked for.
    pub(super) format: Format,
    /// Its size in bytes.
    pub(super) bytes: usize,
    /// Where it came from.
    pub(super) url: Url,
    /// Where its `next` link leads.
    pub(super) next: Option<Url>,
    /// By how many milliseconds the server's clock was ahead of ours, when it told.
    pub(super) ahead: Option<i64>,
}

/// Looks at the agents in the given format. Later polls do not notice.
pub(super) async fn look(
    reach: &Reach,
    login: &Login,
    session: &mut Session,
    format: WireFormat,
) -> Result<Look, Trouble> {
    let url = complete(
        below(&session.base, "availableAgents"),
        &reach.config.filters,
    );
    let answer = ask(reach, login, session, url.clone(), format).await?;
    let now = reach.clock.now().millis();
    let ahead = answer.date.map(|date| date.millis().saturating_sub(now));
    let (bytes, sniffed) = (answer.body.len(), decode::sniff(&answer.body));
    let (mut page, next) = page(reach, &url, answer).await?;
    leave_out_own(login, &mut page.agents);
    let format = sniffed.map_err(|error| STEP.undecodable(&host(&url), &error))?;
    Ok(Look {
        page,
        format,
        bytes,
        url,
        next,
        ahead,
    })
}

async fn ask(
    reach: &Reach,
    login: &Login,
    session: &mut Session,
    url: Url,
    format: WireFormat,
) -> Result<Answer, SourceError> {
    let format = match format {
        WireFormat::Json => "application/json",
        WireFormat::Xml => "application/xml",
    };
    // The documentation lists a content type for this GET too.
    let request = reach.wire.get(url, format).header(CONTENT_TYPE, format);
    session.send(reach, login, STEP, request).await
}

/// Makes an observation of an answer, or says why it is none.
async fn understood(
    reach: &Reach,
    login: &Login,
    session: &mut Session,
    url: &Url,
    answer: Answer,
    coverage: Coverage,
) -> Result<Observation, Trouble> {
    let at = host(url);
    let silent = matches!(answer.status.as_u16(), 204 | 304)
        || (answer.status == StatusCode::OK && answer.is_blank());
    if silent && coverage == Coverage::Partial {
        // Nothing changed: the link stays good.
        session.next = Some(url.clone());
        let unchanged = Decoded::default();
        return Ok(observation(
            reach,
            login,
            unchanged,
            links::time_stamp(url),
            coverage,
        ));
    }
    if silent {
        return Err(STEP.undecodable(&at, &DecodeError::Empty).into());
    }
    let (page, next) = page(reach, url, answer).await?;
    let mut cursor = None;
    if let Some(next) = next {
        cursor = links::time_stamp(&next);
        session.next = followable(reach, url, &next);
    }
    Ok(observation(reach, login, page, cursor, coverage))
}

/// The list in an answer, and where its `next` link leads.
async fn page(reach: &Reach, url: &Url, answer: Answer) -> Result<(Decoded, Option<Url>), Trouble> {
    let at = host(url);
    if answer.status != StatusCode::OK {
        return Err(Trouble::refused(STEP, &at, &answer));
    }
    let page = decoded(answer.body, &at).await?;
    // A link without scheme and host is one below our own.
    let next = page.next.as_deref().and_then(|href| url.join(href).ok());
    let foreign = next.as_ref().and_then(links::account);
    if foreign.is_some_and(|other| other != reach.config.account) {
        return Err(STEP.foreign(&at, &reach.config.account).into());
    }
    Ok((page, next))
}

/// The next address to ask, where following is switched on and the link may be followed. Whether
/// filters survive in the link is documented nowhere: they are asked for again.
fn followable(reach: &Reach, from: &Url, next: &Url) -> Option<Url> {
    if !reach.config.follow_next {
        return None;
    }
    let followed = links::follow(&reach.hosts, &reach.config.filters, from, next.as_str());
    if followed.is_none() {
        tracing::warn!(
            host = host(next),
            "the next link leads to a host that is not trusted; asking for the whole account instead"
        );
    }
    followed
}

async fn decoded(body: Vec<u8>, at: &str) -> Result<Decoded, SourceError> {
    let result = if body.len() > LARGE {
        tokio::task::spawn_blocking(move || decode::any(&body))
            .await
            .map_err(|_| {
                let what = "the decoder broke down on the answer; please report this, with the answer if you may";
                STEP.error(at, SourceFault::UnexpectedAnswer, what)
            })?
    } else {
        decode::any(&body)
    };
    result.map_err(|error| STEP.undecodable(at, &error))
}

/// The bridge's own user is in every list (contract §4.4).
fn leave_out_own(login: &Login, agents: &mut Vec<SourceAgent>) {
    if let Some(own) = &login.own {
        agents.retain(|agent| agent.id != *own);
    }
}

fn observation(
    reach: &Reach,
    login: &Login,
    page: Decoded,
    cursor: Option<i64>,
    coverage: Coverage,
) -> Observation {
    let mut agents = page.agents;
    leave_out_own(login, &mut agents);
    Observation {
        agents,
        coverage,
        taken_at: reach.clock.now(),
        skipped: page.skipped,
        cursor,
        static_half: StaticHalf::Off,
    }
}
