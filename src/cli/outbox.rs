//! `lp2rc outbox`: mails that wait, were sent, or are kept to be fetched. What is printed holds
//! addresses and what visitors wrote.

use std::sync::Arc;

use super::{
    Common,
    exit::{self, Failure},
    output::{Output, Rows, plain_lines, print, remark, say},
    reach,
};
use crate::{
    app::Core,
    conversation::{Conversations, Nobody, Refused},
    server::admin::outbox::{self, Mail, Outbox, Removed, Whole},
};

/// What to do with the outbox; nothing said lists it.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = outbox::LISTED.0, value_parser = limit)]
    limit: usize,
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// Print one mail with its text.
    Show {
        /// Its id.
        id: String,
        /// How it is printed; only JSON has the HTML.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Remove one mail, delivered or not.
    Remove {
        /// Its id.
        id: String,
    },
}

fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if (1..=outbox::LISTED.1).contains(&limit) => Ok(limit),
        Ok(_) | Err(_) => Err(format!("must be a number from 1 to {}", outbox::LISTED.1)),
    }
}

/// Runs the verb: through the daemon when one owns the state, else on the state itself.
pub(super) async fn run(common: &Common, args: Args) -> Result<(), Failure> {
    let dir = common.dir()?;
    let desk = match reach::daemon(&dir).await? {
        Some(daemon) => Desk::Daemon(daemon),
        None => Desk::Here(Box::new(
            Here::open(reach::stored(common, &dir).await?).await?,
        )),
    };
    let done = tell(&desk, args).await;
    if let Desk::Here(here) = desk {
        here.close().await;
    }
    done
}

async fn tell(desk: &Desk, args: Args) -> Result<(), Failure> {
    match args.verb {
        None => {
            let outbox = desk.list(args.limit).await?;
            print(args.output, &outbox, &[table(&outbox.mails)])?;
            if outbox.mails.len() == args.limit {
                remark("there may be more; --limit shows them");
            }
            Ok(())
        }
        Some(Verb::Show { id, output }) => {
            let whole = desk.whole(id).await?;
            print(output, &whole, &[head(&whole.mail)])?;
            match output {
                Output::Json => Ok(()),
                Output::Table | Output::Markdown => say(&format!("\n{}", plain_lines(&whole.text))),
            }
        }
        Some(Verb::Remove { id }) => {
            let removed = desk.remove(id).await?;
            say(&format!("{} is removed", removed.removed))
        }
    }
}

/// Whoever owns the outbox.
enum Desk {
    Daemon(reach::Daemon),
    Here(Box<Here>),
}

/// The outbox of a state that no daemon owns.
struct Here {
    conversations: Conversations,
    running: crate::conversation::Running,
    /// Holds the state open.
    _core: Core,
}

impl Here {
    async fn open(core: Core) -> Result<Self, Failure> {
        let (conversations, running) = core.conversations(Arc::new(Nobody)).await?;
        Ok(Self {
            conversations,
            running,
            _core: core,
        })
    }

    async fn close(mut self) {
        self.conversations.stop().await;
        self.running.ended().await;
    }
}

impl Desk {
    async fn list(&self, limit: usize) -> Result<Outbox, Failure> {
        match self {
            Self::Daemon(daemon) => {
                let query = [("limit", limit.to_string())];
                daemon.get("/admin/outbox", &query).await
            }
            Self::Here(here) => outbox::list(&here.conversations, limit)
                .await
                .map_err(|refused| failure(&refused)),
        }
    }

    async fn whole(&self, id: String) -> Result<Whole, Failure> {
        match self {
            Self::Daemon(daemon) => daemon.get(&path(&id)?, &[]).await,
            Self::Here(here) => outbox::whole(&here.conversations, id)
                .await
                .map_err(|refused| failure(&refused)),
        }
    }

    async fn remove(&self, id: String) -> Result<Removed, Failure> {
        match self {
            Self::Daemon(daemon) => {
                let path = format!("{}/remove", path(&id)?);
                daemon.post(&path, &()).await
            }
            Self::Here(here) => outbox::remove(&here.conversations, id)
                .await
                .map_err(|refused| failure(&refused)),
        }
    }
}

/// The daemon's path of a mail. Ids are hexadecimal: nothing else is one, nor may it change the path.
fn path(id: &str) -> Result<String, Failure> {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(format!("/admin/outbox/{id}"));
    }
    let message = "a mail's id has hexadecimal digits only; `lp2rc outbox` lists them";
    Err(Failure::new(exit::CONFIG, message))
}

fn failure(refused: &Refused) -> Failure {
    let code = match refused {
        Refused::NotFound(_) => exit::CONFIG,
        Refused::Unavailable(_) => exit::STATE,
        Refused::Plain(_) | Refused::Meteor { .. } | Refused::Bare | Refused::Forbidden(_) => {
            exit::UNEXPECTED
        }
    };
    Failure::new(code, refused.to_string())
}

/// One row a mail.
fn table(mails: &[Mail]) -> Rows {
    let mut rows = Rows::new(&["id", "made", "state", "attempts", "to", "subject", "bytes"]);
    for mail in mails {
        rows.push([
            mail.id.clone(),
            mail.made_at.clone(),
            mail.state.clone(),
            mail.attempts.to_string(),
            mail.to.join(", "),
            mail.subject.clone(),
            mail.bytes.to_string(),
        ]);
    }
    rows
}

fn head(mail: &Mail) -> Rows {
    let none = || "none".to_owned();
    let mut rows = Rows::new(&["what", "value"]);
    for (what, value) in [
        ("id", mail.id.clone()),
        ("made", mail.made_at.clone()),
        ("state", mail.state.clone()),
        ("attempts", mail.attempts.to_string()),
        ("next try", mail.due.clone().unwrap_or_else(none)),
        ("last failure", mail.why.clone().unwrap_or_else(none)),
        ("from", mail.from.clone()),
        ("to", mail.to.join(", ")),
        ("answers to", mail.reply_to.clone().unwrap_or_else(none)),
        ("subject", mail.subject.clone()),
        ("bytes", mail.bytes.to_string()),
    ] {
        rows.push([what.to_owned(), value]);
    }
    rows
}
