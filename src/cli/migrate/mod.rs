//! `lp2rc migrate`: the move. With a daemon every verb is the daemon's job, which is watched from
//! here; else it is done here. Either way the same requests, the same progress, the same tables.

mod applied;
mod args;
mod attach;
mod file;
mod meter;
mod parity;
mod plan;
mod render;
mod seat;
mod standing;

use self::{
    args::{Verb, Wanted},
    attach::{Interrupts, Left, follow},
    file::planned,
    meter::Meter,
    render::{Form, Show, show},
    seat::Seat,
};
use super::{
    Common,
    exit::{self, Failure},
    output::{plain_lines, remark, say},
};
use crate::{
    migrate::wire::{End, Request},
    ports::{Job, JobEnd},
};

pub(super) use args::LONG;
pub(super) use args::Verb as Verbs;

/// Does what was asked, shows the result, and ends with the code that the result has.
pub(super) async fn run(common: &Common, verb: Verb) -> Result<(), Failure> {
    match verb.wanted()? {
        Wanted::Job { request, show } => job(common, &request, &show).await,
        Wanted::Attach { job, show } => attach(common, job, &show).await,
        Wanted::Stop { job } => stop(common, job).await,
    }
}

/// Begins a job where the state is, and watches it to its end.
async fn job(common: &Common, request: &Request, how: &Show) -> Result<(), Failure> {
    // Before anything runs: a signal in between must not be lost.
    let mut interrupts = Interrupts::of_process()?;
    let dir = common.dir()?;
    let seat = Seat::find(common, &dir).await?;
    let done = watched(&seat, request, &mut interrupts).await;
    seat.leave(writes(request)).await;
    finished(done?, how)
}

async fn watched(
    seat: &Seat,
    request: &Request,
    interrupts: &mut Interrupts,
) -> Result<Job, Failure> {
    let number = tokio::select! {
        biased;
        // A daemon that does not answer must not hold us.
        () = interrupts.next() => return Err(unknown()),
        number = seat.start(request) => number?,
    };
    let mut meter = Meter::of_process();
    match follow(seat, number, &mut meter, interrupts).await? {
        Left::Ended(job) => Ok(job),
        Left::Detached => Err(detached(number)),
        Left::Abandoned => Err(abandoned()),
    }
}

/// Watches a job of the daemon that was begun elsewhere.
async fn attach(common: &Common, job: Option<u64>, how: &Show) -> Result<(), Failure> {
    let seat = Seat::daemon(&common.dir()?).await?;
    let number = seat.chosen(job).await?;
    let mut interrupts = Interrupts::of_process()?;
    let mut meter = Meter::of_process();
    match follow(&seat, number, &mut meter, &mut interrupts).await? {
        Left::Ended(job) => finished(job, how),
        Left::Detached => Err(detached(number)),
        Left::Abandoned => Err(abandoned()),
    }
}

/// Asks the daemon to stop its job in order.
async fn stop(common: &Common, job: Option<u64>) -> Result<(), Failure> {
    let seat = Seat::daemon(&common.dir()?).await?;
    let number = seat.chosen(job).await?;
    if seat.stop(number).await? {
        return say(&format!(
            "job {number} stops in order: what it is writing is finished, the rest stays undone"
        ));
    }
    say(&format!("job {number} had ended before"))
}

/// Shows the result and makes the exit code of its end.
fn finished(job: Job, how: &Show) -> Result<(), Failure> {
    let Some(JobEnd {
        end,
        message,
        document,
    }) = job.end
    else {
        return Err(anyhow::anyhow!("job {} has no end", job.number).into());
    };
    show(&job.verb, &document, how)?;
    let message = plain_lines(&message);
    match End::from_word(&end).map(code) {
        Some(exit::DONE) => {
            if !message.is_empty() {
                remark(&message);
            }
            Ok(())
        }
        Some(code) => Err(Failure::new(code, message)),
        None => Err(Failure::new(
            exit::UNEXPECTED,
            format!(
                "the job ended with `{end}`, which is unknown here; is the daemon another version? {message}"
            ),
        )),
    }
}

/// Exit code of an end.
const fn code(end: End) -> u8 {
    match end {
        End::Done => exit::DONE,
        End::Warnings => exit::WARNINGS,
        End::Differences => exit::DIFFERENCES,
        End::Partial => exit::PARTIAL,
        End::Refused => exit::REFUSED,
        End::Config => exit::CONFIG,
        End::Source => exit::SOURCE,
        End::Target => exit::TARGET,
        End::Credentials => exit::CREDENTIALS,
        End::State => exit::STATE,
        End::Busy => exit::BUSY,
        End::Interrupted => exit::INTERRUPTED,
        End::Broken => exit::UNEXPECTED,
    }
}

/// Whether the verb may change what we keep.
const fn writes(request: &Request) -> bool {
    match request {
        Request::Check | Request::Plan(_) | Request::Verify(_) | Request::Status => false,
        Request::Adopt(_) | Request::Release(_) => true,
        Request::Apply(apply) | Request::Connect(apply) | Request::Finish(apply) => !apply.dry_run,
        Request::Undo(undo) => !undo.apply.dry_run,
    }
}

fn detached(number: u64) -> Failure {
    let message = format!(
        "detached; the daemon goes on with job {number}\n\nhint: look with `lp2rc migrate status`, watch it again with `lp2rc migrate attach {number}`, stop it with `lp2rc migrate stop {number}`"
    );
    Failure::new(exit::INTERRUPTED, message)
}

fn unknown() -> Failure {
    Failure::new(
        exit::INTERRUPTED,
        "interrupted before anybody said whether the work has begun\n\nhint: look with `lp2rc migrate status`",
    )
}

fn abandoned() -> Failure {
    Failure::new(
        exit::INTERRUPTED,
        "left before the work had stopped; what was written is in the journal\n\nhint: `lp2rc migrate status` shows the open run, `lp2rc migrate apply` takes it up again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moving::Progress;

    /// The table of DESIGN §4.19.
    #[test]
    fn every_end_has_its_exit_code() {
        let codes = End::ALL.map(|end| (end.word(), code(end)));
        let expect = [
            ("done", 0),
            ("warnings", 11),
            ("differences", 12),
            ("partial", 13),
            ("refused", 10),
            ("config", 2),
            ("source", 20),
            ("target", 21),
            ("credentials", 22),
            ("state", 30),
            ("busy", 75),
            ("interrupted", 130),
            ("broken", 1),
        ];
        assert_eq!(codes, expect);
        let (form, file) = (Form::Json, None);
        for (word, code) in expect {
            let job = Job {
                number: 1,
                verb: "plan".to_owned(),
                progress: Progress::default(),
                end: Some(JobEnd {
                    end: word.to_owned(),
                    message: "so it is".to_owned(),
                    document: "null".to_owned(),
                }),
            };
            let how = Show {
                form,
                file: file.clone(),
                people: false,
            };
            let got = finished(job, &how).map_or_else(|failure| failure.code, |()| exit::DONE);
            assert_eq!(got, code, "{word}");
        }
    }
}
