//! `lp2rc livechat hash`: a service account ready to paste. Secrets go in by stdin and out by stderr,
//! once; the configuration and stdout get hashes only.

use std::io::{self, BufRead as _, Read as _};

use super::super::{
    exit::{self, Failure},
    output::{remark, say},
};
use crate::server::{account_id, hash_password, random_token};

pub(super) const LONG: &str = "\
Make the hash of a service account's password or token, for `[[livechat.accounts]]`.

The password is the first line of stdin. With --token a personal access token is made instead. stdout \
gets the table to paste into the configuration; stderr gets, once, what the account's client must send \
as `X-User-Id` and `X-Auth-Token`.";

/// Longest password, in bytes; a longer line is a mistake.
const LONGEST: u64 = 4_096;

/// Whose, and of what.
#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    /// Login name of the account.
    #[arg(value_name = "USERNAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    username: String,
    /// Make a random personal access token instead of reading a password.
    #[arg(long)]
    token: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let no_chance = || {
        let why = "the system gave no random bytes; look at /dev/urandom and try again";
        Failure::new(exit::UNEXPECTED, why)
    };
    let (key, hash) = if args.token {
        let (token, hash) = random_token().ok_or_else(no_chance)?;
        remark(&format!("X-Auth-Token: {token}"));
        ("token_hash", hash)
    } else {
        let password = first_line()?;
        (
            "password_hash",
            hash_password(&password).ok_or_else(no_chance)?,
        )
    };
    remark(&format!("X-User-Id: {}", account_id(&args.username)));
    let table = toml::Table::from_iter([
        ("username".to_owned(), args.username.clone().into()),
        ("roles".to_owned(), vec!["livechat-agent"].into()),
        (key.to_owned(), hash.into()),
    ]);
    say(&format!("[[livechat.accounts]]\n{table}"))
}

/// The password: the first line of stdin, without its end.
fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST + 1).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    let wrong = |why: &str| Err(Failure::new(exit::CONFIG, why));
    if password.is_empty() {
        return wrong("stdin had no password; write it into the first line, or ask for a --token");
    }
    if line.len() as u64 > LONGEST {
        return wrong("the first line of stdin is longer than 4096 bytes; that is no password");
    }
    Ok(password.to_owned())
}
