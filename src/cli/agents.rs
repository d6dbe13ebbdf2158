//! `lp2rc agents`: who is served. Why somebody gets no chat is told by `lp2rc explain`.

use std::time::Duration;

use super::{
    Common,
    exit::Failure,
    output::{Output, Rows, print},
    reach,
};
use crate::{
    ports::{Clock as _, SystemClock},
    server::admin::{
        look,
        wire::{Agent, Agents},
    },
};

/// Whom to list.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Only agents of this presence.
    #[arg(long, value_parser = ["online", "occupied", "away", "offline", "unknown"])]
    presence: Option<String>,
    /// Only members of this department, by id or name.
    #[arg(long)]
    department: Option<String>,
    /// List again every two seconds, until interrupted.
    #[arg(long)]
    watch: bool,
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Lists once, or again and again.
pub(super) async fn run(common: &Common, args: Args) -> Result<(), Failure> {
    let clock = SystemClock::new();
    loop {
        let mut list = list(common).await?;
        list.agents.retain(|agent| args.wants(agent));
        print(args.output, &list, &[table(&list.agents)])?;
        if !args.watch {
            return Ok(());
        }
        tokio::select! {
            () = clock.sleep(Duration::from_secs(2)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn list(common: &Common) -> Result<Agents, Failure> {
    let dir = common.dir()?;
    if let Some(daemon) = reach::daemon(&dir).await? {
        return daemon.get("/admin/agents", &[]).await;
    }
    let core = reach::stored(common, &dir).await?;
    Ok(look::agents(core.ledger()))
}

impl Args {
    fn wants(&self, agent: &Agent) -> bool {
        let in_department = |wanted: &String| {
            agent
                .departments
                .iter()
                .any(|d| d.id == *wanted || d.name.eq_ignore_ascii_case(wanted))
        };
        self.presence
            .as_ref()
            .is_none_or(|presence| agent.presence == *presence)
            && self.department.as_ref().is_none_or(in_department)
    }
}

/// One row an agent.
pub(super) fn table(agents: &[Agent]) -> Rows {
    let mut rows = Rows::new(&[
        "username",
        "name",
        "id",
        "presence",
        "status",
        "standing",
        "chats",
        "held",
        "limit",
        "departments",
    ]);
    for agent in agents {
        let departments: Vec<_> = agent.departments.iter().map(|d| d.name.as_str()).collect();
        rows.push([
            agent.username.clone(),
            agent.name.clone(),
            agent.source_id.clone(),
            agent.presence.clone(),
            agent.status.clone(),
            agent.standing.clone(),
            agent.load.to_string(),
            agent.holds.to_string(),
            agent
                .capacity
                .map_or_else(|| "none".to_owned(), |limit| limit.to_string()),
            departments.join(", "),
        ]);
    }
    rows
}
