//! What each verb of the move may be told, and the request it becomes.

use std::path::PathBuf;

use super::{Form, Show, planned};
use crate::{
    cli::{exit::Failure, output::Output},
    domain::Phase,
    migrate::wire::{Apply, Part, People, Request, Undo},
};

/// `lp2rc migrate --help`.
pub(in crate::cli) const LONG: &str = "\
Move the agents to Rocket.Chat: check, plan, apply, verify, connect, and back.

A running daemon does the work, since the state is its own, and this command watches it: Ctrl-C \
leaves it running, `attach` watches again, `stop` ends it in order. Without a daemon it is done \
here, and Ctrl-C ends it in order; what is open is taken up again by the next `apply`.

stdout has the result, stderr the progress. Plans and reports hold e-mail addresses; files are \
written readable by their owner only.

Exit codes: 0 done, or nothing to do; 1 unexpected; 2 usage or configuration; 10 refused by a check \
or a guard; 11 warnings only; 12 the plan has changes, or the sides differ; 13 applied in part; \
20 LivePerson unavailable, or its agents never read or doubted; 21 Rocket.Chat unavailable, or it \
refuses; 22 credentials rejected; 30 state unusable; 75 busy, try later; 130 interrupted.";

const PLAN_LONG: &str = "\
Show what `apply` would do; nothing is written.

Every change has its phase, effect, subject, reason, and fields before and after. What is left out \
and which limit is exceeded is said too. The JSON of the plan, written with --out, binds \
`apply --plan FILE`: it runs only if the plan made then is the same one.

Exit codes: 0 nothing to change; 12 there are changes, also where a check or a guard would refuse \
them; others as for all verbs.";

const APPLY_LONG: &str = "\
Do what `plan` shows: journalled, in phases, resumable, and the same again changes nothing.

With --plan FILE it runs only if the plan made now has the file's checksum, and for the part of the \
move that the file is about. A run that was interrupted is taken up again.

Exit codes: 0 done, or nothing to do; 10 refused by a check or a guard, or the plan is another one; \
12 a dry run has changes; 13 some changes failed or were not tried; 130 stopped, can be resumed; \
others as for all verbs.";

const VERIFY_LONG: &str = "\
Compare LivePerson, the bridge and Rocket.Chat agent by agent; nothing is written.

The table shows those who differ; JSON shows everybody. With --out FILE the report goes there in the \
form of --output, and the table to stdout.

Exit codes: 0 full parity, or all differences acknowledged; 12 there are differences; others as for \
all verbs.";

const UNDO_LONG: &str = "\
Take a run back to what was there before it, or only one phase or the people of one wave.

Without RUN it is the newest run that can be taken back. The way back is planned, guarded and \
journalled like the way there.

Exit codes: 0 done, or nothing to do; 10 refused by a check or a guard, or the plan is another one; \
12 a dry run has changes; 13 taken back in part; others as for all verbs.";

/// Verbs of the move.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    /// Look whether the move can go well: version, rights, seats, names, addresses.
    Check(Plain),
    /// Show what would be done.
    #[command(long_about = PLAN_LONG)]
    Plan(Plan),
    /// Do it.
    #[command(long_about = APPLY_LONG)]
    Apply(Applying),
    /// Compare LivePerson, the bridge and Rocket.Chat.
    #[command(long_about = VERIFY_LONG)]
    Verify(Verify),
    /// Set and test Rocket.Chat's External routing and webhooks; the old values are kept for undo.
    Connect(Changing),
    /// Show runs, phases, waves, and what runs now.
    Status(Status),
    /// Take existing users of Rocket.Chat as ours; only such are ever touched.
    Adopt(Adopt),
    /// Forget that users are ours; they stay as they are.
    Release(Release),
    /// Take a run, a phase or a wave back.
    #[command(long_about = UNDO_LONG)]
    Undo(Undoing),
    /// Hand everybody to Rocket.Chat: LivePerson's word about availability counts no more.
    Finish(Changing),
    /// Watch a job of the daemon again, and show its result.
    Attach(Attach),
    /// Stop a job of the daemon in order: what is being written is finished.
    Stop(Stop),
}

/// What a verb line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A job of its own.
    Job { request: Request, show: Show },
    /// To see one that there is.
    Attach { job: Option<u64>, show: Show },
    /// To end one that there is.
    Stop { job: Option<u64> },
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Plain {
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Scope {
    /// Only the agents of this wave; `rest` are those whom no other wave selects.
    #[arg(long, value_name = "NAME")]
    wave: Option<String>,
    /// Go on to the cut-over: agents are opened, and Rocket.Chat's word counts for them.
    #[arg(long)]
    cut_over: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Plan {
    #[command(flatten)]
    scope: Scope,
    /// How the plan is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Also write the plan's JSON into this file, for `apply --plan`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What all verbs take that change something.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Changing {
    /// Only if the plan made now is the one in this file.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Go beyond this limit of the guard, as somebody has looked; may be repeated.
    #[arg(long, value_name = "LIMIT")]
    accept: Vec<String>,
    /// Go on in spite of this warning of the checks, as somebody has read it; may be repeated.
    #[arg(long, value_name = "NAME")]
    acknowledge: Vec<String>,
    /// Everything but the writes.
    #[arg(long)]
    dry_run: bool,
    /// Write the JSON of a dry run's plan into this file, for --plan.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    out: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Applying {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    scope: Scope,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Form,
    /// Write the report into this file; stdout then has the table.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Status {
    /// Also list who is where.
    #[arg(long)]
    people: bool,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Adopt {
    /// Names of the users, without regard to case.
    #[arg(
        value_name = "USERNAME",
        required_unless_present = "matching",
        conflicts_with = "matching"
    )]
    users: Vec<String>,
    /// Everybody whose e-mail address is an agent's.
    #[arg(long)]
    matching: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Release {
    /// Names of the users, without regard to case.
    #[arg(value_name = "USERNAME", required = true)]
    users: Vec<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Undoing {
    /// Which run; see `status`.
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Only what it did in this phase.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Phase::ALL.map(Phase::word)))]
    phase: Option<String>,
    /// Only the people of this wave.
    #[arg(long, value_name = "NAME")]
    wave: Option<String>,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Attach {
    /// Which job; the one that runs, when it is not said.
    #[arg(value_name = "JOB")]
    job: Option<u64>,
    /// How its result is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Stop {
    /// Which job; the one that runs, when it is not said.
    #[arg(value_name = "JOB")]
    job: Option<u64>,
}

impl Scope {
    fn part(self) -> Part {
        Part {
            wave: self.wave,
            cut_over: self.cut_over,
        }
    }
}

impl Changing {
    /// The request's part and the way to show its result; a plan file is read and bound.
    fn bound(self, part: Part) -> Result<(Apply, Show), Failure> {
        let show = Show {
            form: self.output.into(),
            file: self.out,
            people: false,
        };
        let (part, checksum) = match self.plan {
            None => (part, None),
            Some(file) => {
                let plan = planned(&file, &part)?;
                (plan.part, Some(plan.checksum))
            }
        };
        let apply = Apply {
            part,
            checksum,
            accept: self.accept,
            acknowledge: self.acknowledge,
            dry_run: self.dry_run,
        };
        Ok((apply, show))
    }
}

impl Verb {
    /// What it asks for. Reads the plan file, if one was named.
    pub(super) fn wanted(self) -> Result<Wanted, Failure> {
        let job = |request, show| Ok(Wanted::Job { request, show });
        match self {
            Self::Check(args) => job(Request::Check, Show::of(args.output)),
            Self::Plan(args) => {
                let show = Show {
                    file: args.out,
                    ..Show::of(args.output)
                };
                job(Request::Plan(args.scope.part()), show)
            }
            Self::Apply(args) => {
                let (apply, show) = args.changing.bound(args.scope.part())?;
                job(Request::Apply(apply), show)
            }
            Self::Verify(args) => {
                let show = Show {
                    form: args.output,
                    file: args.out,
                    people: false,
                };
                job(Request::Verify(args.scope.part()), show)
            }
            Self::Connect(args) => {
                let (apply, show) = args.bound(Part::default())?;
                job(Request::Connect(apply), show)
            }
            Self::Status(args) => {
                let show = Show {
                    people: args.people,
                    ..Show::of(args.output)
                };
                job(Request::Status, show)
            }
            Self::Adopt(args) => {
                let people = People {
                    users: args.users,
                    matching: args.matching,
                };
                job(Request::Adopt(people), Show::of(args.output))
            }
            Self::Release(args) => {
                let people = People {
                    users: args.users,
                    matching: false,
                };
                job(Request::Release(people), Show::of(args.output))
            }
            Self::Undo(args) => {
                let part = Part {
                    wave: args.wave,
                    cut_over: false,
                };
                let (apply, show) = args.changing.bound(part)?;
                let undo = Undo {
                    run: args.run,
                    phase: args.phase,
                    apply,
                };
                job(Request::Undo(undo), show)
            }
            Self::Finish(args) => {
                let (apply, show) = args.bound(Part::default())?;
                job(Request::Finish(apply), show)
            }
            Self::Attach(args) => Ok(Wanted::Attach {
                job: args.job,
                show: Show {
                    people: true,
                    ..Show::of(args.output)
                },
            }),
            Self::Stop(args) => Ok(Wanted::Stop { job: args.job }),
        }
    }
}
