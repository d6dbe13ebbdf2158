//! A file that is whole becomes a message of its visitor's (livechat contract §4.7.7).

use serde_json::{Map, Value, json};

use super::super::{
    chats::Chats,
    document::{FileRef, Message, Room, StoredFile},
    key,
    message::Saying,
    refused::Refused,
};

/// Longest name of a file, in characters.
const NAME: usize = 255;

/// What was sent, with its bytes kept already.
#[derive(Clone, Debug, Default)]
pub struct SentFile {
    /// The visitor's token.
    pub token: String,
    /// Their open room.
    pub rid: String,
    /// Name, type and size; the id is that of the bytes.
    pub file: FileRef,
    /// Width and height of a picture.
    pub dimensions: Option<(u32, u32)>,
    /// Where it is fetched.
    pub path: String,
    /// What the visitor says of it.
    pub description: Option<String>,
    /// Text of the message.
    pub msg: String,
}

/// A client's name of a file as it is shown: its last part, without control characters. Never empty.
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME)
        .collect();
    if matches!(plain.trim(), "" | "." | "..") {
        "file".to_owned()
    } else {
        plain
    }
}

impl Chats {
    /// Whether a visitor may send a file into a room now: 403 else, whatever the reason.
    pub fn may_send_file(&self, token: &str, rid: &str) -> Result<Room, Refused> {
        let refused = || Refused::Forbidden("unauthorized".into());
        let visitor = self.visitor_by_token(token)?.ok_or_else(refused)?;
        let room = self.room(rid)?.ok_or_else(refused)?;
        if room.open && room.v.token == visitor.token {
            Ok(room)
        } else {
            Err(refused())
        }
    }

    /// Keeps a file's document and writes its message.
    pub fn send_file(&mut self, sent: SentFile) -> Result<Message, Refused> {
        let room = self.may_send_file(&sent.token, &sent.rid)?;
        let stored = StoredFile {
            id: sent.file.id.clone(),
            rid: room.id.clone(),
            visitor: room.v.id,
            name: sent.file.name.clone(),
            kind: sent.file.kind.clone(),
            size: sent.file.size,
            ts: self.now(),
        };
        self.put(key::file(&stored.id), &stored);
        self.visitor_says(Saying {
            attachments: vec![attachment(&sent)],
            token: sent.token,
            rid: sent.rid,
            msg: sent.msg,
            files: vec![sent.file],
            groupable: Some(false),
            ..Saying::default()
        })
    }

    /// What is known of a file.
    pub fn file(&self, id: &str) -> Result<Option<StoredFile>, Refused> {
        self.get(&key::file(id))
    }

    /// A file with the room it is in.
    pub fn file_with_room(&self, id: &str) -> Result<Option<(StoredFile, Room)>, Refused> {
        let Some(file) = self.file(id)? else {
            return Ok(None);
        };
        let room = self.room(&file.rid)?;
        Ok(room.map(|room| (file, room)))
    }

    /// Removes the bytes of the last run that have no document: a crash came between. What cannot be
    /// looked up stays.
    pub(in super::super) fn sweep_files(&self) {
        self.files
            .sweep(|id| self.has(&key::file(id)).unwrap_or(true));
    }
}

/// The attachment of a file. Pictures have no `image_preview`: nothing here decodes what visitors
/// send.
fn attachment(sent: &SentFile) -> Value {
    let file = &sent.file;
    let mut shown = Map::new();
    let mut put = |key: String, value: Value| shown.insert(key, value);
    put("title".to_owned(), json!(file.name));
    put("type".to_owned(), json!("file"));
    if let Some(description) = &sent.description {
        put("description".to_owned(), json!(description));
    }
    put("title_link".to_owned(), json!(sent.path));
    put("title_link_download".to_owned(), json!(true));
    let family = file.kind.split('/').next().unwrap_or_default();
    if matches!(family, "image" | "audio" | "video") {
        put(format!("{family}_url"), json!(sent.path));
        put(format!("{family}_type"), json!(file.kind));
        put(format!("{family}_size"), json!(file.size));
    }
    if let Some((width, height)) = sent.dimensions {
        let dimensions = json!({"width": width, "height": height});
        put("image_dimensions".to_owned(), dimensions);
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        let cases = [
            ("photo.png", "photo.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a b.txt", "a b.txt"),
            ("a\r\nb\0.txt", "ab.txt"),
            ("..", "file"),
            ("dir/", "file"),
            ("", "file"),
            ("ä.txt", "ä.txt"),
        ];
        for (name, plain) in cases {
            assert_eq!(plain_name(name), plain);
        }
        assert_eq!(plain_name(&"x".repeat(1_000)).len(), NAME);
    }
}
