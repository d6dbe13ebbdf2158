//! Letting a plan through: checks, guard, checksum. What comes out may be written.

use std::{collections::BTreeSet, sync::Arc};

use secrecy::ExposeSecret as _;

use super::{
    checks,
    error::MoveError,
    known::Known,
    mover::Parts,
    show, verify,
    wire::{Applied, Apply, Checks, End, Part, PlanDocument, Request},
};
use crate::{
    config::ConnectConfig,
    domain::{
        Phase, Subject,
        moving::{MoveRun, REST, RunKind, Scope},
        target::SettingValue,
    },
    ports::blocking,
    sync::{
        guard::{Excess, LIMITS, SafePlan, guard},
        plan::{self, Plan},
    },
};

/// What is to be done.
pub(super) enum Kind {
    /// Move.
    Apply,
    /// Set routing and webhooks.
    Connect,
    /// Hand all over.
    Finish,
    /// Take back.
    Undo {
        run: Option<String>,
        phase: Option<String>,
    },
}

/// A plan that may be written.
pub(super) struct Approved {
    pub(super) safe: SafePlan,
    pub(super) kind: RunKind,
    pub(super) document: PlanDocument,
    /// An open run that is taken back instead of being taken up.
    pub(super) gives_up: Option<MoveRun>,
}

/// The part as the plan knows it; a wave must exist.
pub(super) fn scope(parts: &Parts, part: &Part) -> Result<Scope, MoveError> {
    if let Some(wave) = &part.wave {
        let waves = &parts.config.rules.waves;
        if wave != REST && !waves.iter().any(|known| known.name == *wave) {
            let known: Vec<_> = waves.iter().map(|wave| wave.name.as_str()).collect();
            return Err(MoveError::Asked(format!(
                "there is no wave `{wave}`; known: {}, {REST} (`migrate.waves`)",
                known.join(", ")
            )));
        }
    }
    Ok(Scope {
        wave: part.wave.clone(),
        cut_over: part.cut_over,
    })
}

/// Refuses names of limits and warnings that nothing has: whoever mistypes one must not believe that
/// he was heard, and a name that means nothing today may mean something else in a later release.
pub(super) fn names(parts: &Parts, request: &Request) -> Result<(), MoveError> {
    let (accept, acknowledge) = match request {
        Request::Status | Request::Adopt(_) | Request::Release(_) => return Ok(()),
        Request::Check | Request::Plan(_) | Request::Verify(_) => (&[][..], &[][..]),
        Request::Apply(how) | Request::Connect(how) | Request::Finish(how) => {
            (&how.accept[..], &how.acknowledge[..])
        }
        Request::Undo(undo) => (&undo.apply.accept[..], &undo.apply.acknowledge[..]),
    };
    if let Some(name) = accept.iter().find(|name| !LIMITS.contains(&name.as_str())) {
        return Err(MoveError::Asked(format!(
            "there is no limit `{name}` to accept; known: {}",
            LIMITS.join(", ")
        )));
    }
    let of_checks: Vec<_> = checks::names().collect();
    let unknown = |name: &&String| !of_checks.contains(&name.as_str());
    if let Some(name) = acknowledge.iter().find(unknown) {
        return Err(MoveError::Asked(format!(
            "there is no check `{name}` whose warning could be acknowledged; known: {}",
            of_checks.join(", ")
        )));
    }
    let mut lasting = parts.config.acknowledge.iter();
    let unknown = |name: &&String| unknown(name) && !name.starts_with(verify::FIELDS);
    if let Some(name) = lasting.find(unknown) {
        return Err(MoveError::Asked(format!(
            "`migrate.acknowledge` has `{name}`, which is no check; known: {}, and `{}FIELD` for differences that `lp2rc migrate verify` shows",
            of_checks.join(", "),
            verify::FIELDS
        )));
    }
    Ok(())
}

/// Everything that is looked at before a plan of one part, or of the whole move.
pub(super) fn checks(
    parts: &Parts,
    known: &Known,
    part: Option<&Part>,
    acknowledged: &[String],
) -> Checks {
    let mut names = parts.config.acknowledge.clone();
    names.extend_from_slice(acknowledged);
    checks::check(&checks::Inputs {
        believed: &known.believed,
        actual: &known.actual,
        links: &known.links,
        rules: &parts.config.rules,
        acknowledged: &names,
        part,
        max_age: parts.max_age,
        password_login: parts.password_login,
    })
}

/// The plan's document with the limits it exceeds, and the plan if it exceeds none.
pub(super) fn guarded(
    parts: &Parts,
    plan: &Plan,
    accepted: &[String],
) -> (PlanDocument, Result<SafePlan, Vec<Excess>>) {
    let passed = guard(plan.clone(), &parts.config.guard, accepted);
    let excesses = passed.as_ref().err().map_or(&[][..], Vec::as_slice);
    let document = show::plan_document(plan, excesses, parts.clock.now());
    (document, passed)
}

/// The open run that this request takes up. Another open run stands in the way.
pub(super) async fn open_run(
    parts: &Arc<Parts>,
    kind: &Kind,
    how: &Apply,
) -> Result<Option<MoveRun>, MoveError> {
    let store = Arc::clone(&parts.journal);
    let runs = blocking(move || store.move_runs()).await?;
    let Some(open) = runs.into_iter().find(|run| run.ended_at.is_none()) else {
        return Ok(None);
    };
    let same_kind = match (kind, &open.kind) {
        (Kind::Apply, RunKind::Apply)
        | (Kind::Connect, RunKind::Connect)
        | (Kind::Finish, RunKind::Finish) => true,
        (Kind::Undo { run, .. }, RunKind::Undo { of }) => {
            run.as_ref().is_none_or(|run| run == of || *run == open.id)
        }
        // An open run can be taken back instead of being taken up.
        (Kind::Undo { run, .. }, RunKind::Apply | RunKind::Connect | RunKind::Finish) => {
            if run.as_ref().is_none_or(|run| *run == open.id) {
                return Ok(None);
            }
            false
        }
        (Kind::Apply | Kind::Connect | Kind::Finish, _) => false,
    };
    let scope = scope(parts, &how.part)?;
    let same_scope = match open.kind {
        // Without a wave whatever is going back is meant.
        RunKind::Undo { .. } => scope.wave.is_none() || scope.wave == open.scope.wave,
        RunKind::Apply | RunKind::Connect | RunKind::Finish => open.scope == scope_of(kind, scope),
    };
    let same_plan = how
        .checksum
        .as_ref()
        .is_none_or(|sum| *sum == open.checksum);
    if same_kind && same_scope && same_plan {
        return Ok(Some(open));
    }
    let part = match &open.scope.wave {
        Some(wave) => format!("wave {wave}"),
        None => "everybody".to_owned(),
    };
    let cut_over = if open.scope.cut_over {
        ", with cut-over"
    } else {
        ""
    };
    Err(MoveError::Refused(format!(
        "run {} ({}, {part}{cut_over}) is open with {} of {} changes done; take it up with the same command and options as before, or take it back with `lp2rc migrate undo {}`",
        open.id,
        open.kind.word(),
        open.done,
        open.changes,
        open.id
    )))
}

/// The scope that a kind of run has, whatever was asked.
fn scope_of(kind: &Kind, asked: Scope) -> Scope {
    match kind {
        Kind::Apply | Kind::Undo { .. } => asked,
        Kind::Connect => Scope::default(),
        Kind::Finish => Scope {
            wave: None,
            cut_over: true,
        },
    }
}

/// Plans, checks and guards.
pub(super) async fn approve(
    parts: &Arc<Parts>,
    known: &Known,
    kind: &Kind,
    how: &Apply,
) -> Result<Approved, MoveError> {
    let rules = &parts.config.rules;
    let facts = known.facts(rules);
    let scope = scope_of(kind, scope(parts, &how.part)?);
    let mut gives_up = None;
    let (plan, run_kind) = match kind {
        Kind::Apply => (plan::plan(&facts, &scope), RunKind::Apply),
        Kind::Finish => {
            let plan = plan::plan(&facts, &scope);
            let early = plan.changes().iter();
            let early = early.filter(|change| change.phase < Phase::CutOver).count();
            if early > 0 {
                return Err(MoveError::Refused(format!(
                    "{early} changes come before the cut-over; run `lp2rc migrate apply` first, then finish"
                )));
            }
            (plan, RunKind::Finish)
        }
        Kind::Connect => {
            let wanted = wanted_settings(&parts.config.connect)?;
            if let Some(routing) = &parts.config.connect.routing {
                // A target that routes to an address where nobody answers loses every visitor.
                let token = routing.token.expose_secret();
                let probed = parts.target.probe_routing(&routing.url, token).await;
                probed.map_err(|error| {
                    MoveError::Refused(format!(
                        "External routing is not switched on, because its address does not work: {error}"
                    ))
                })?;
            }
            (plan::settings(&facts, &wanted), RunKind::Connect)
        }
        Kind::Undo { run, phase } => {
            let back = undo(parts, known, run.as_deref(), phase.as_deref(), how).await?;
            let of = back.run.id.clone();
            gives_up = Some(back.run).filter(|run| run.ended_at.is_none());
            (back.plan, RunKind::Undo { of })
        }
    };
    let (document, passed) = guarded(parts, &plan, &how.accept);
    let refused = |why: String| MoveError::RefusedPlan {
        why,
        applied: Box::new(Applied {
            plan: Some(document.clone()),
            run: None,
            troubles: Vec::new(),
            remarks: Vec::new(),
        }),
    };
    // Going back must stay possible when something is wrong, and settings are nobody's people.
    if matches!(kind, Kind::Apply | Kind::Finish) {
        let part = Part {
            wave: scope.wave.clone(),
            cut_over: scope.cut_over,
        };
        let checks = checks(parts, known, Some(&part), &how.acknowledge);
        let verdict = checks::verdict(&checks);
        if let Some(why) = verdict.why() {
            if verdict.end() == End::Source {
                return Err(MoveError::Source(why));
            }
            return Err(refused(why));
        }
    }
    if let Some(reviewed) = &how.checksum
        && *reviewed != document.checksum
    {
        return Err(refused(
            "this is not the plan that was reviewed: something has changed since; review the new plan (`lp2rc migrate plan --out FILE`) and apply that one".to_owned(),
        ));
    }
    match passed {
        Ok(safe) => Ok(Approved {
            safe,
            kind: run_kind,
            document,
            gives_up,
        }),
        Err(excesses) => {
            let all: Vec<_> = excesses.iter().map(|excess| excess.why.as_str()).collect();
            Err(refused(all.join("; ")))
        }
    }
}

/// Plans the way back from a run.
async fn undo(
    parts: &Arc<Parts>,
    known: &Known,
    run: Option<&str>,
    phase: Option<&str>,
    how: &Apply,
) -> Result<WayBack, MoveError> {
    let phase = match phase {
        None => None,
        Some(word) => Some(Phase::from_word(word).ok_or_else(|| {
            let known: Vec<_> = Phase::ALL.map(Phase::word).to_vec();
            MoveError::Asked(format!(
                "there is no phase `{word}`; known: {}",
                known.join(", ")
            ))
        })?),
    };
    let store = Arc::clone(&parts.journal);
    let runs = blocking(move || store.move_runs()).await?;
    let facts = known.facts(&parts.config.rules);
    let mut candidates = runs.into_iter();
    // Of runs that came after the one that is meant: whom they are still about.
    let mut newer: Vec<(String, BTreeSet<Subject>)> = Vec::new();
    loop {
        let Some(found) = candidates
            .find(|one| run == Some(one.id.as_str()) || !matches!(one.kind, RunKind::Undo { .. }))
        else {
            return Err(MoveError::Asked(match run {
                Some(id) => format!("there is no run {id}; `lp2rc migrate status` lists them"),
                None => {
                    return Err(MoveError::Nothing(
                        "there is nothing to take back".to_owned(),
                    ));
                }
            }));
        };
        if matches!(found.kind, RunKind::Undo { .. }) {
            return Err(MoveError::Asked(format!(
                "run {} took another one back; to have that again, apply again",
                found.id
            )));
        }
        let (store, id) = (Arc::clone(&parts.journal), found.id.clone());
        let journal = blocking(move || store.journal(&id)).await?;
        let plan = plan::undo(&facts, &journal, phase, how.part.wave.as_deref());
        let about: BTreeSet<_> = plan
            .changes()
            .iter()
            .map(|one| one.subject.clone())
            .collect();
        if run.is_some_and(|id| id != found.id) {
            newer.push((found.id, about));
            continue;
        }
        // Nothing is left of it: without a name the one before is meant.
        if run.is_none() && about.is_empty() && found.ended_at.is_some() {
            continue;
        }
        let people = |subject: &&Subject| matches!(subject, Subject::Agent { .. });
        let in_the_way = newer
            .iter()
            .find(|(_, later)| later.intersection(&about).any(|one| people(&one)));
        if let Some((later, _)) = in_the_way {
            return Err(MoveError::Refused(format!(
                "run {later} came after {} and is about the same people; take that one back first: `lp2rc migrate undo {later}`",
                found.id
            )));
        }
        return Ok(WayBack { plan, run: found });
    }
}

/// The way back from a run.
struct WayBack {
    plan: Plan,
    run: MoveRun,
}

/// What `connect` sets (contract §5, §6).
fn wanted_settings(connect: &ConnectConfig) -> Result<Vec<(String, SettingValue)>, MoveError> {
    let text = |id: &str, text: &str| (id.to_owned(), SettingValue::Text(text.to_owned()));
    let flag = |id: &str| (id.to_owned(), SettingValue::Flag(true));
    let mut wanted = Vec::new();
    if let Some(routing) = &connect.routing {
        wanted.push(text("Livechat_External_Queue_URL", &routing.url));
        let token = routing.token.expose_secret();
        wanted.push(text("Livechat_External_Queue_Token", token));
        wanted.push(text("Livechat_Routing_Method", "External"));
    }
    if let Some(webhook) = &connect.webhook {
        wanted.push(text("Livechat_webhookUrl", &webhook.url));
        let token = webhook.token.expose_secret();
        wanted.push(text("Livechat_secret_token", token));
        // What a booking needs to know: begun, taken, queued again, handed on, ended.
        for toggle in [
            "Livechat_webhook_on_start",
            "Livechat_webhook_on_chat_queued",
            "Livechat_webhook_on_chat_taken",
            "Livechat_webhook_on_forward",
            "Livechat_webhook_on_close",
        ] {
            wanted.push(flag(toggle));
        }
    }
    if wanted.is_empty() {
        return Err(MoveError::Asked(
            "there is nothing to connect; set `routing_url` or `webhook_url` under [migrate.connect]"
                .to_owned(),
        ));
    }
    Ok(wanted)
}
