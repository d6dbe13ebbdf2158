//! `/livechat`: an installed build of the official widget, so that a page with the usual embed snippet
//! works against the bridge (livechat contract §6.1, step 1).
//!
//! The directory is read once, at the start: what a request says is looked up in a map and is never a
//! path of the file system. A new build wants a restart. `/sounds/chime.mp3`, which the configuration
//! names, is `sounds/chime.mp3` of that directory; the published package has none, so it must be put
//! there, else 404 and the widget stays silent.
//!
//! Deliberately absent: `X-Frame-Options` and `Content-Security-Policy`, because the widget lives in a
//! frame of somebody else's page.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::super::api::{Body, document, tag, text};
use crate::config::LivechatConfig;

/// Of all files together; a build of the widget has 3 MiB, and as much again of source maps.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Files in all; a build has a hundred.
const MOST: usize = 2_000;
/// Directories within each other; a build has one or two.
const DEEPEST: usize = 8;

/// The page that the frame loads.
const INDEX: &str = "index.html";
const CHIME: &str = "sounds/chime.mp3";

const ABSENT: &str = "404 Not Found\n\nNo build of the Livechat widget is served here. Set livechat.widget_dir to the directory that \
     holds its index.html (of the npm package @rocket.chat/livechat it is `build`), and restart the bridge.\n";

/// The build, in memory.
pub(in super::super) struct Hosted {
    /// By path below the directory, with `/` between names.
    files: BTreeMap<String, File>,
}

struct File {
    kind: &'static str,
    tag: HeaderValue,
    body: Bytes,
}

/// Why a directory is not served.
enum Unfit {
    /// It cannot be read.
    Unreadable(PathBuf, io::Error),
    /// There is no page in it.
    NoIndex,
    /// It is larger than a build of the widget.
    TooLarge,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::NoIndex => f.write_str("there is no index.html in it; name the build itself"),
            Self::TooLarge => f.write_str(
                "it holds more than 64 MiB, 2000 files or 8 levels; is it a build of the widget?",
            ),
        }
    }
}

impl Hosted {
    /// Reads the configured directory. What cannot be served is said in the log and by the 404.
    pub(super) fn open(config: &LivechatConfig) -> Self {
        let Some(dir) = &config.widget_dir else {
            return Self {
                files: BTreeMap::new(),
            };
        };
        let files = read(dir).and_then(|mut files| {
            let page = files.get_mut(INDEX).ok_or(Unfit::NoIndex)?;
            *page = File::of(INDEX, told_its_server(&page.body, &config.site_url));
            Ok(files)
        });
        let files = files.unwrap_or_else(|why| {
            tracing::warn!("livechat.widget_dir {} is not served: {why}", dir.display());
            BTreeMap::new()
        });
        Self { files }
    }

    /// The answer to a GET or HEAD; `None` when the path is not the widget's.
    pub(in super::super) fn answer(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Response<Body>> {
        let name = match path.strip_prefix("/livechat") {
            // As there, with the slash too (the page's own addresses are for the form without).
            Some("" | "/") => INDEX,
            Some(rest) => rest.strip_prefix('/')?,
            None if path == "/sounds/chime.mp3" => CHIME,
            None => return None,
        };
        let name = percent_encoding::percent_decode_str(name).decode_utf8();
        let found = name.ok().and_then(|name| self.files.get(name.as_ref()));
        Some(match found {
            Some(file) => document(headers, file.kind, &file.tag, &file.body),
            None if self.files.is_empty() => text(StatusCode::NOT_FOUND, ABSENT),
            None => text(StatusCode::NOT_FOUND, "404 Not Found"),
        })
    }
}

impl File {
    fn of(name: &str, body: Bytes) -> Self {
        Self {
            kind: kind(name),
            tag: tag(&body),
            body,
        }
    }
}

/// The page as the target's server gives it: a script first of all says where the server is, because the
/// page's own address may be another's. Without `site_url` it is where the page came from.
fn told_its_server(page: &Bytes, site_url: &str) -> Bytes {
    let server = if site_url.is_empty() {
        "window.location.origin".to_owned()
    } else {
        // JSON is JavaScript, but `</script>` would end the script.
        serde_json::Value::from(site_url)
            .to_string()
            .replace('<', "\\u003c")
    };
    let page = String::from_utf8_lossy(page);
    let script = format!("<body><script>SERVER_URL = {server};</script>");
    Bytes::from(page.replacen("<body>", &script, 1))
}

/// Every file of a directory, by its name below it.
fn read(dir: &Path) -> Result<BTreeMap<String, File>, Unfit> {
    let root = dir
        .canonicalize()
        .map_err(|why| Unfit::Unreadable(dir.to_owned(), why))?;
    let mut found = BTreeMap::new();
    let mut size = 0;
    let mut waiting = vec![(root.clone(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        let unreadable = |why| Unfit::Unreadable(folder.clone(), why);
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // Names that are not UTF-8 cannot be asked for, and hidden ones should not be.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            // Links may point anywhere; what is outside stays outside.
            let Ok(path) = entry.path().canonicalize() else {
                continue;
            };
            if !path.starts_with(&root) {
                continue;
            }
            let name = format!("{prefix}{name}");
            if path.is_dir() {
                if depth == DEEPEST {
                    return Err(Unfit::TooLarge);
                }
                waiting.push((path, format!("{name}/"), depth + 1));
            } else if path.is_file() {
                let unreadable = |why| Unfit::Unreadable(path.clone(), why);
                size += path.metadata().map_err(unreadable)?.len();
                if size > LARGEST || found.len() == MOST {
                    return Err(Unfit::TooLarge);
                }
                let body = std::fs::read(&path).map_err(unreadable)?;
                let file = File::of(&name, Bytes::from(body));
                found.insert(name, file);
            }
        }
    }
    Ok(found)
}

/// The media type by a name's ending.
fn kind(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        _ => "application/octet-stream",
    }
}
