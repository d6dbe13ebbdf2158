//! `lp2rc explain`: who would be next, and why the others are not.

use super::{
    Common,
    exit::{self, Failure},
    output::{Output, Rows, print},
    reach,
};
use crate::{
    domain::{Ask, Policy, Purpose},
    server::admin::{look, wire::Explanation},
};

/// What is asked.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Department, by id (as in `?department=`) or by name.
    #[arg(long)]
    department: Option<String>,
    /// Another order of choice than the configured one.
    #[arg(long, value_parser = ["auto-selection", "load-balancing", "load-rotation", "manual"])]
    policy: Option<String>,
    /// Ask for a transferred chat instead of a new one.
    #[arg(long)]
    transfer: bool,
    /// The target's id of an agent who must not be chosen.
    #[arg(long, value_name = "AGENT")]
    ignore: Option<String>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Args {
    fn ask<'a>(&'a self, department: Option<&'a str>) -> Ask<'a> {
        Ask {
            department,
            purpose: if self.transfer {
                Purpose::Transfer
            } else {
                Purpose::NewChat
            },
            ignored_agent: self.ignore.as_deref(),
        }
    }

    fn policy(&self) -> Option<Policy> {
        self.policy.as_deref().and_then(Policy::from_word)
    }

    /// The same question for the daemon.
    fn query(&self) -> Vec<(&'static str, String)> {
        let transfer = self.transfer.then(|| "true".to_owned());
        [
            ("department", self.department.clone()),
            ("policy", self.policy.clone()),
            ("ignore", self.ignore.clone()),
            ("transfer", transfer),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }
}

/// Explains; books nothing.
pub(super) async fn run(common: &Common, args: Args) -> Result<(), Failure> {
    let dir = common.dir()?;
    let explanation = if let Some(daemon) = reach::daemon(&dir).await? {
        daemon.get("/admin/explain", &args.query()).await?
    } else {
        let core = reach::stored(common, &dir).await?;
        let named = args.department.as_deref();
        let department = match named.map(|named| look::department_id(core.ledger(), named)) {
            None => None,
            Some(Some(id)) => Some(id),
            Some(None) => return Err(Failure::new(exit::CONFIG, look::NO_DEPARTMENT)),
        };
        let ask = args.ask(department.as_deref());
        Explanation::from(&core.ledger().explain(&ask, args.policy()))
    };
    print(args.output, &explanation, &tables(&explanation))?;
    if explanation.candidates.is_empty() {
        return Err(Failure::new(
            exit::REFUSED,
            "nobody would be next; the tables say why",
        ));
    }
    Ok(())
}

fn tables(explanation: &Explanation) -> Vec<Rows> {
    let mut summary = Rows::new(&["next", "policy", "department", "purpose"]);
    let next = explanation
        .candidates
        .first()
        .map_or("nobody", |first| &first.username);
    summary.push([
        next.to_owned(),
        explanation.policy.clone(),
        explanation
            .department
            .clone()
            .unwrap_or_else(|| "any".to_owned()),
        if explanation.transfer {
            "transfer"
        } else {
            "new chat"
        }
        .to_owned(),
    ]);
    let mut candidates = Rows::new(&["candidate", "taken", "limit", "order by", "remark"]);
    for candidate in &explanation.candidates {
        let key: Vec<_> = candidate
            .key
            .iter()
            .map(|(what, value)| format!("{what} {value}"))
            .collect();
        candidates.push([
            candidate.username.clone(),
            candidate.taken.to_string(),
            candidate
                .capacity
                .map_or_else(|| "none".to_owned(), |limit| limit.to_string()),
            key.join(", "),
            candidate.remark.clone().unwrap_or_default(),
        ]);
    }
    let mut refused = Rows::new(&["refused", "reason", "because"]);
    for agent in &explanation.refused {
        refused.push([
            agent.username.clone(),
            agent.reason.clone(),
            agent.sentence.clone(),
        ]);
    }
    let mut notes = Rows::new(&["notes"]);
    for note in &explanation.notes {
        notes.push([note.clone()]);
    }
    vec![summary, candidates, refused, notes]
}
