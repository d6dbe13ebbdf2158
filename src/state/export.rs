//! The whole state as text: backup, way to another version, and the way out.
//!
//! JSON Lines. The first line says what it is, then comes one line a record in key order with the
//! stored bytes as they are, and the last line carries the SHA-256 of everything before it:
//!
//! ```text
//! {"format":"lp2rc-state","v":1,"schema":1,"generation":7,"exported_at":1331544926464}
//! {"key":"cursor","value":{"v":1,"generation":7}}
//! {"sha256":"…64 hexadecimal digits…","records":1}
//! ```

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    engine::{Engine, scan_all},
    key, record,
};
use crate::{
    domain::{Generation, Timestamp},
    ports::StoreError,
};

const FORMAT: &str = "lp2rc-state";
const VERSION: u32 = 1;

/// First line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    format: String,
    v: u32,
    schema: u32,
    generation: u64,
    exported_at: i64,
}

/// Last line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Trailer {
    sha256: String,
    records: u64,
}

/// An export whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Version of the key layout it was made from.
    pub schema: u32,
    /// Generation it was made from.
    pub generation: Generation,
    /// When it was made.
    pub exported_at: Timestamp,
    /// Keys with the stored bytes, in key order.
    pub(crate) rows: Vec<(String, &'a str)>,
}

impl Export<'_> {
    /// How many records it holds.
    #[must_use]
    pub fn records(&self) -> usize {
        self.rows.len()
    }
}

/// Writes the content of `engine`. The keys of `meta/` belong to the engine and stay out.
pub(crate) fn write(
    engine: &dyn Engine,
    schema: u32,
    generation: Generation,
    exported_at: Timestamp,
) -> Result<String, StoreError> {
    let mut text = line(&Header {
        format: FORMAT.to_owned(),
        v: VERSION,
        schema,
        generation: generation.0,
        exported_at: exported_at.millis(),
    });
    let mut records = 0;
    scan_all(engine, &mut |key, bytes| {
        if key.starts_with(key::META) {
            return Ok(());
        }
        // Only what can be read back may go out: a backup must not end in a surprise.
        let value = std::str::from_utf8(bytes)
            .ok()
            .filter(|value| value.starts_with('{') && !value.contains('\n'))
            .ok_or_else(|| StoreError::Damaged {
                what: format!("the record `{key}`"),
                why: "it is not a JSON object".to_owned(),
            })?;
        let key = serde_json::Value::from(key);
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{{\"key\":{key},\"value\":{value}}}");
        records += 1;
        Ok(())
    })?;
    let trailer = line(&Trailer {
        sha256: hexadecimal(&Sha256::digest(text.as_bytes())),
        records,
    });
    text.push_str(&trailer);
    Ok(text)
}

/// Checks an export to the last byte without writing anything. The records themselves are looked
/// at by whoever imports them. `what` names the text in errors.
pub fn read<'a>(what: &str, text: &'a str) -> Result<Export<'a>, StoreError> {
    let damaged = |why: String| StoreError::Damaged {
        what: what.to_owned(),
        why,
    };
    let without_end = text
        .strip_suffix('\n')
        .ok_or_else(|| damaged("the last line is cut off".to_owned()))?;
    let body_end = without_end.rfind('\n').map_or(0, |place| place + 1);
    let trailer: Trailer = serde_json::from_str(&without_end[body_end..])
        .map_err(|_| damaged("the last line carries no SHA-256, it was cut off".to_owned()))?;
    let body = &text[..body_end];
    let digest = hexadecimal(&Sha256::digest(body.as_bytes()));
    if digest != trailer.sha256 {
        return Err(damaged(format!(
            "its SHA-256 is {digest}, its last line says {:.64}: it was changed after it was made",
            trailer.sha256
        )));
    }
    let mut lines = body.lines();
    let header: Header = lines
        .next()
        .and_then(|first| serde_json::from_str(first).ok())
        .ok_or_else(|| damaged("its first line is not the head of an export".to_owned()))?;
    if header.format != FORMAT {
        return Err(damaged(format!("its format is not {FORMAT}")));
    }
    if header.v > VERSION {
        return Err(StoreError::Newer {
            path: what.to_owned(),
            found: header.v,
            known: VERSION,
        });
    }
    let mut rows: Vec<(String, &str)> = Vec::new();
    for (place, text) in lines.enumerate() {
        let row = row(text).ok_or_else(|| damaged(format!("line {} is no record", place + 2)))?;
        if rows.last().is_some_and(|(last, _)| *last >= row.0) {
            return Err(damaged(format!("line {} is out of order", place + 2)));
        }
        if row.0.starts_with(key::META) || row.0.len() + row.1.len() > record::LIMIT {
            return Err(damaged(format!(
                "line {} does not belong into an export",
                place + 2
            )));
        }
        rows.push(row);
    }
    if rows.len() as u64 != trailer.records {
        return Err(damaged(format!(
            "it has {} records, its last line says {}",
            rows.len(),
            trailer.records
        )));
    }
    Ok(Export {
        schema: header.schema,
        generation: Generation(header.generation),
        exported_at: Timestamp::from_millis(header.exported_at),
        rows,
    })
}

/// Splits `{"key":"…","value":{…}}`, keeping the value's bytes as they are.
fn row(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix("{\"key\":")?;
    let mut keys = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let key = keys.next()?.ok()?;
    let rest = &rest[keys.byte_offset()..];
    let value = rest.strip_prefix(",\"value\":")?.strip_suffix('}')?;
    serde_json::from_str::<serde::de::IgnoredAny>(value).ok()?;
    Some((key, value))
}

/// Puts an export beside the database so that it is there whole or not at all: a temporary file
/// with mode 0600 in the same directory, fsync, rename, fsync of the directory.
pub fn export_to_file(path: &Path, text: &str) -> Result<(), StoreError> {
    let failed = |doing| {
        move |source| StoreError::Io {
            doing,
            path: path.display().to_string(),
            source,
        }
    };
    let dir = parent(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = dir.join(name);
    // A leftover of a crash may have another mode: start from nothing.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed("clear the way for an export")(error));
        }
        Ok(()) | Err(_) => {}
    }
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| fs::File::open(&dir)?.sync_all());
    written.map_err(|error| {
        // Best effort: a half-written file on a full disk only makes it fuller.
        let _ = fs::remove_file(&temporary);
        failed("write an export")(error)
    })
}

/// The directory that holds `path`.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn line<T: Serialize>(value: &T) -> String {
    // Plain structs with text keys cannot fail to serialise into memory.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
