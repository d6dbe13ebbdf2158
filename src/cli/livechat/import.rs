//! `lp2rc livechat import`: asks a live Rocket.Chat for its public livechat configuration.

use std::{error::Error as _, path::PathBuf, time::Duration};

use reqwest::{Certificate, Client, Url, header::ACCEPT, redirect};
use serde_json::Value;

use super::{
    super::{
        exit::{self, Failure},
        output::{plain, remark, say},
    },
    copied,
};

pub(super) const LONG: &str = "\
Copy the public livechat configuration of a live Rocket.Chat, for a rehearsal with the same looks and words.

Nobody has to log in: what is read is what every visitor's browser reads. stdout (or --out) gets a file for \
conf.d beside lp2rc.toml, with [livechat] sections only; stderr says what is not public or not understood, \
and so was not copied. Rocket.Chat 6, 7 and 8 are understood.";

const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(30);
/// A configuration with many triggers and departments is a few hundred KiB.
const LARGEST: usize = 4 * 1024 * 1024;

/// From where, and to where.
#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    /// Address of the workspace, as a browser has it.
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where to write it; default: stdout. A file that is there already is left alone.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A file of CA certificates (PEM) that are trusted besides the system's.
    #[arg(long, value_name = "FILE")]
    ca_file: Vec<PathBuf>,
}

/// Runs the verb.
pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let base = base(&args.from)?;
    let client = client(&base, &args.ca_file)?;
    let config = ask(&client, &base, "api/v1/livechat/config").await?;
    let Some(config @ Value::Object(_)) = config.get("config") else {
        return Err(foreign(&base, "api/v1/livechat/config"));
    };
    // Some workspaces hide it; then the version is not copied.
    let version = match ask(&client, &base, "api/info").await {
        Ok(info) => release(&info),
        Err(why) => {
            remark(&format!("the version was not found out: {why}"));
            None
        }
    };
    let copied = copied::fragment(config, version.as_deref(), &shown(&base));
    for left in &copied.left {
        remark(&format!("not copied: {}", plain(left)));
    }
    let Some(out) = &args.out else {
        return say(&copied.text);
    };
    let wrong = |why: std::io::Error| {
        let message = format!("cannot write {}: {why}; name another file", out.display());
        Failure::new(exit::CONFIG, message)
    };
    let mut file = std::fs::File::create_new(out).map_err(wrong)?;
    std::io::Write::write_all(&mut file, copied.text.as_bytes()).map_err(wrong)?;
    remark(&format!(
        "wrote {}; look at it, then `lp2rc config check`",
        out.display()
    ));
    Ok(())
}

fn base(text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| {
        let message = format!(
            "--from is not the address of a workspace: {why}; write https://chat.example.org"
        );
        Failure::new(exit::CONFIG, message)
    };
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not carry a user or a password"));
    }
    url.set_query(None);
    url.set_fragment(None);
    // So that the path of a workspace in a folder stays.
    let folder = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&folder);
    Ok(url)
}

fn shown(base: &Url) -> String {
    base.as_str().trim_end_matches('/').to_owned()
}

/// The rules of the bridge's other clients: no redirects, limits for time.
fn client(base: &Url, ca_files: &[PathBuf]) -> Result<Client, Failure> {
    let mut trusted = Vec::new();
    for file in ca_files {
        let wrong = |why: String| {
            let message = format!(
                "cannot read the CA certificates in {}: {why}; correct --ca-file",
                file.display()
            );
            Failure::new(exit::CONFIG, message)
        };
        let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        let found = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
        if found.is_empty() {
            return Err(wrong("there is none in it".to_owned()));
        }
        trusted.extend(found);
    }
    let builder = || {
        Client::builder()
            .tls_certs_merge(trusted.clone())
            .user_agent(concat!("lp2rc/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .http1_only()
            .gzip(true)
    };
    // The client loads the system's CA certificates while it is built, and fails when there are
    // none, even if it will never speak https.
    let built = if base.scheme() == "http" {
        let plain = builder().build();
        plain.or_else(|_| builder().tls_certs_only([]).build())
    } else {
        builder().build()
    };
    built.map_err(|error| {
        let message = format!(
            "cannot prepare https: {}; install the CA certificates of this system, or name yours with --ca-file",
            cause(&error)
        );
        Failure::new(exit::CONFIG, message)
    })
}

/// One GET; the answer must be JSON with status 200.
async fn ask(client: &Client, base: &Url, path: &str) -> Result<Value, Failure> {
    let lost = |error: &reqwest::Error| {
        let message = format!(
            "cannot read {path} of {}: {}; check the address and the network",
            shown(base),
            cause(error)
        );
        Failure::new(exit::TARGET, message)
    };
    let address = base.join(path).map_err(anyhow::Error::from)?;
    let mut response = client
        .get(address)
        .header(ACCEPT, "application/json")
        .send()
        .await
        .map_err(|error| lost(&error))?;
    let status = response.status();
    if !status.is_success() {
        let moved = if status.is_redirection() {
            "; it points elsewhere, give that address"
        } else {
            "; check the address, and whether Livechat is switched on there"
        };
        let message = format!("{} answered {path} with {status}{moved}", shown(base));
        return Err(Failure::new(exit::TARGET, message));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            let message = format!(
                "the answer of {} to {path} is larger than 4 MiB",
                shown(base)
            );
            return Err(Failure::new(exit::TARGET, message));
        }
    }
    serde_json::from_slice(&body).map_err(|_| foreign(base, path))
}

fn foreign(base: &Url, path: &str) -> Failure {
    let message = format!(
        "{} answered {path} in a form that is not Rocket.Chat's; check the address",
        shown(base)
    );
    Failure::new(exit::TARGET, message)
}

/// `8` of `8.5.1`; also where only `info.version` is told.
fn release(info: &Value) -> Option<String> {
    let version = info["version"]
        .as_str()
        .or(info["info"]["version"].as_str())?;
    version.split('.').next().map(str::to_owned)
}

fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no complete answer in time".to_owned();
    }
    let mut inner = error.source();
    let mut said = None;
    while let Some(cause) = inner {
        said = Some(cause.to_string());
        inner = cause.source();
    }
    said.unwrap_or_else(|| "no further detail".to_owned())
}
