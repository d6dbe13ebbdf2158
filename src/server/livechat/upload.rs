//! Uploads (livechat contract §4.7.7). The body is read as it comes and written through to the disk:
//! memory holds one piece of it. `avatar`, `emoji` and `alias`, which the target takes too, are left
//! out.

use std::{
    borrow::Cow,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use http::Method;
use http_body_util::BodyDataStream;
use hyper::body::Incoming as Body;
use multer::{Field, Multipart};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{
    super::shape::{self, Dates},
    Livechat,
    account::sha256_hex,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
};
use crate::{
    config::livechat::FileLimits,
    conversation::{
        Refused,
        document::FileRef,
        files::{Full, Incoming, SentFile, dimensions, plain_name},
    },
    ports::{blocking, clock},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint {
    method: Method::POST,
    template: "livechat/upload/:rid",
    versions: ALWAYS,
    auth: Auth::Public,
    limit: None,
    params: Params::Stream,
    summary: "A visitor sends a file.",
    run: |livechat, call| Box::pin(upload(livechat, call)),
}];

/// Most bytes of a text beside the file; more does not fit the message anyway.
const TEXT: usize = 32 * 1024;

/// Bytes that the form's reader gets at once.
const AT_ONCE: usize = 64 * 1024;

/// Most bytes that it may take without giving anything: more than a piece of a body and the head of
/// any part.
const MOST_UNREAD: usize = 1024 * 1024;

/// What `encodeURIComponent` leaves as it is, nearly.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Where a file is fetched.
pub(super) fn path(id: &str, name: &str) -> String {
    format!("/file-upload/{id}/{}", escaped(name))
}

/// A name as part of an address or a header.
pub(super) fn escaped(name: &str) -> impl std::fmt::Display {
    utf8_percent_encode(name, PLAIN)
}

/// What opens one file of a visitor's to whoever has the link: made of the visitor's token, so there
/// is nothing to keep, and it says nothing of the token.
pub(super) fn key(token: &str, file: &str) -> String {
    sha256_hex(&format!("lp2rc file {file} of {token}"))
}

/// What came with a form.
#[derive(Default)]
struct Form {
    file: Option<(Incoming, String, String)>,
    description: Option<String>,
    msg: String,
}

async fn upload(livechat: Arc<Livechat>, mut call: Call) -> Outcome {
    let token = call
        .header("x-visitor-token")
        .unwrap_or_default()
        .to_owned();
    if token.is_empty() {
        return Err(Failure::Refused(Refused::Forbidden("unauthorized".into())));
    }
    if !(livechat.config.files.enabled && livechat.config.settings.file_upload) {
        return Err(reason("error-file-upload-disabled"));
    }
    let rid = call.path(0).to_owned();
    let (guest, place) = (token.clone(), rid.clone());
    livechat
        .conversations
        .ask(move |chats| chats.may_send_file(&guest, &place).map(drop))
        .await?;
    let form = receive(&livechat, &mut call).await?;
    let Some((incoming, name, kind)) = form.file else {
        return Err(reason("error-no-file-uploaded"));
    };
    let sent = SentFile {
        token,
        rid,
        file: FileRef {
            id: incoming.id().to_owned(),
            size: incoming.size(),
            name,
            kind,
        },
        description: form.description,
        msg: form.msg,
        ..SentFile::default()
    };
    let show_connecting = livechat.config.settings.show_connecting;
    // On its own, so that a client who hangs up now leaves nothing half done.
    let message = tokio::spawn(keep(livechat, incoming, sent))
        .await
        .map_err(|_| Failure::Internal)??;
    let mut fields = message;
    fields.insert("newRoom".to_owned(), Value::from(false));
    fields.insert("showConnecting".to_owned(), Value::from(show_connecting));
    Ok(fields)
}

/// The bytes first, durable; then the document and the message; without those the bytes go again.
async fn keep(livechat: Arc<Livechat>, incoming: Incoming, mut sent: SentFile) -> Outcome {
    let is_picture = sent.file.kind.starts_with("image/");
    let (id, size) = blocking(move || {
        let head = if is_picture {
            incoming.head()?
        } else {
            Vec::new()
        };
        Ok((incoming.keep()?, dimensions(&head)))
    })
    .await
    .map_err(|error: io::Error| broken(&error))?;
    sent.dimensions = size;
    sent.path = path(&id, &sent.file.name);
    let message = livechat
        .conversations
        .ask(move |chats| chats.send_file(sent))
        .await;
    match message {
        Ok(message) => Ok(shape::message(&message, Dates::Iso)),
        Err(refused) => {
            let files = livechat.conversations.files();
            blocking(move || files.remove(&id)).await;
            Err(refused.into())
        }
    }
}

/// A body as the form's reader gets it. The reader takes whatever is there and keeps it until it finds
/// what it looks for, the end of a part's head for example: so it gets little at once, and an end when
/// it has taken much without giving anything.
struct Paced {
    body: BodyDataStream<Body>,
    /// Bytes taken since the reader last gave something.
    unread: Arc<AtomicUsize>,
    /// Bytes taken without a pause.
    run: usize,
}

impl Stream for Paced {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.run >= AT_ONCE {
            self.run = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match Pin::new(&mut self.body).poll_next(context) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.run += bytes.len();
                let unread = self.unread.fetch_add(bytes.len(), Ordering::Relaxed);
                if unread + bytes.len() > MOST_UNREAD {
                    let why = "a part of the form does not begin";
                    return Poll::Ready(Some(Err(io::Error::other(why))));
                }
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                self.run = 0;
                Poll::Pending
            }
        }
    }
}

/// Reads the form: the first file called `file`, and the texts beside it.
async fn receive(livechat: &Livechat, call: &mut Call) -> Result<Form, Failure> {
    let mut form = Form::default();
    let kind = call.header("content-type").unwrap_or_default().to_owned();
    let (Ok(boundary), Some(stream)) = (multer::parse_boundary(kind), call.stream.take()) else {
        return Ok(form);
    };
    let unread = Arc::new(AtomicUsize::new(0));
    let paced = Paced {
        body: BodyDataStream::new(stream),
        unread: Arc::clone(&unread),
        run: 0,
    };
    let mut parts = Multipart::new(paced, boundary);
    while let Some(part) = in_time(livechat, &unread, parts.next_field()).await? {
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if form.file.is_none() && part.file_name().is_some() => {
                form.file = Some(take_file(livechat, &unread, part).await?);
            }
            "description" => form.description = Some(take_text(livechat, &unread, part).await?),
            "msg" => form.msg = take_text(livechat, &unread, part).await?,
            _ => skip(livechat, &unread, part).await?,
        }
    }
    Ok(form)
}

async fn take_file(
    livechat: &Livechat,
    unread: &AtomicUsize,
    mut part: Field<'static>,
) -> Result<(Incoming, String, String), Failure> {
    let limits = &livechat.config.files;
    let name = plain_name(part.file_name().unwrap_or_default());
    // What a part without a type is, says RFC 7578.
    let kind = part.content_type().map_or("text/plain".to_owned(), |kind| {
        kind.essence_str().to_ascii_lowercase()
    });
    if !is_allowed(limits, &kind) {
        return Err(reason("error-type-not-allowed"));
    }
    let (most, most_of_all) = (limits.max_size, limits.max_total);
    let files = livechat.conversations.files();
    let mut incoming = blocking(move || files.begin())
        .await
        .map_err(|error| broken(&error))?;
    while let Some(bytes) = in_time(livechat, unread, part.chunk()).await? {
        let written = blocking(move || {
            incoming.write(&bytes, most, most_of_all)?;
            Ok(incoming)
        });
        incoming = match written.await {
            Ok(incoming) => incoming,
            Err(Full::TooLarge) => return Err(too_large(most.unwrap_or(most_of_all))),
            Err(full @ Full::NoRoom) => {
                tracing::warn!("a visitor's file was refused: {full}");
                return Err(reason("error-size-not-allowed"));
            }
            Err(Full::Disk(error)) => return Err(broken(&error)),
        };
    }
    Ok((incoming, name, kind))
}

/// Reads over what nobody asked for: left alone, the form's reader would keep it in memory.
async fn skip(
    livechat: &Livechat,
    unread: &AtomicUsize,
    mut part: Field<'static>,
) -> Result<(), Failure> {
    while in_time(livechat, unread, part.chunk()).await?.is_some() {}
    Ok(())
}

async fn take_text(
    livechat: &Livechat,
    unread: &AtomicUsize,
    mut part: Field<'static>,
) -> Result<String, Failure> {
    let mut text = Vec::new();
    while let Some(bytes) = in_time(livechat, unread, part.chunk()).await? {
        if text.len() + bytes.len() > TEXT {
            return Err(Refused::TOO_LONG.into());
        }
        text.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The next piece, or 408 where none comes. A form that breaks off or is none is refused.
async fn in_time<T>(
    livechat: &Livechat,
    unread: &AtomicUsize,
    next: impl Future<Output = multer::Result<T>>,
) -> Result<T, Failure> {
    match clock::timeout(&*livechat.clock, livechat.api.request_timeout, next).await {
        None => Err(Failure::TooSlow),
        Some(Ok(piece)) => {
            unread.store(0, Ordering::Relaxed);
            Ok(piece)
        }
        Some(Err(_)) => Err(Failure::plain("Unexpected end of form")),
    }
}

/// Whether files of a type are taken: blocked ones never, others where the list is empty or names
/// them, also as `image/*`.
fn is_allowed(limits: &FileLimits, kind: &str) -> bool {
    let fits = |rule: &String| match rule.trim().strip_suffix("/*") {
        Some(family) => kind.split('/').next() == Some(family),
        None => rule.trim().eq_ignore_ascii_case(kind),
    };
    !limits.blocked_media_types.iter().any(fits)
        && (limits.media_types.is_empty() || limits.media_types.iter().any(fits))
}

fn reason(text: &'static str) -> Failure {
    Failure::Object(Map::from_iter([("reason".to_owned(), Value::from(text))]))
}

fn too_large(most: u64) -> Failure {
    Failure::Object(Map::from_iter([
        ("reason".to_owned(), Value::from("error-size-not-allowed")),
        ("sizeAllowed".to_owned(), Value::from(readable(most))),
    ]))
}

/// Bytes as the widget shows them: `100 MB`.
fn readable(bytes: u64) -> String {
    const STEP: u64 = 1_024;
    let (mut unit, mut name) = (1, "B");
    for next in ["KB", "MB", "GB"] {
        if bytes / unit >= STEP {
            (unit, name) = (unit * STEP, next);
        }
    }
    let hundredths = u128::from(bytes) * 100 / u128::from(unit);
    let (whole, part) = (hundredths / 100, hundredths % 100);
    let part: Cow<'_, str> = match part {
        0 => "".into(),
        part => format!(".{part:02}")
            .trim_end_matches('0')
            .to_owned()
            .into(),
    };
    format!("{whole}{part} {name}")
}

fn broken(error: &io::Error) -> Failure {
    tracing::error!("a file that a visitor sent could not be kept: {error}; look at the disk");
    Failure::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        let cases = [
            (10, "10 B"),
            (1_536, "1.5 KB"),
            (104_857_600, "100 MB"),
            (10_737_418_240, "10 GB"),
            (1_034, "1 KB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(readable(bytes), text);
        }
    }
}
