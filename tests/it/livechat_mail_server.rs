//! A mail server for the tests, as small as one can be: real sockets, and tempers.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// How the server is today.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Temper {
    /// Takes everything.
    Kind,
    /// Answers every recipient with this line.
    Recipients(&'static str),
    /// Takes the mail, and closes instead of saying so.
    HangsUp,
    /// Never says a word.
    Silent,
    /// Speaks something else.
    Garbage,
    /// Wants `AUTH PLAIN` with these base64 words.
    WantsLogin(&'static str),
}

/// One mail that it took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
}

impl Taken {
    /// All of it, lines that quoted-printable broke joined.
    pub(crate) fn text(&self) -> String {
        self.data.replace("=\n", "")
    }

    /// Header lines, folded ones joined.
    pub(crate) fn head(&self) -> Vec<String> {
        let head = self.data.split("\n\n").next().unwrap();
        let joined = head.replace("\n ", " ").replace("\n\t", " ");
        joined.lines().map(str::to_owned).collect()
    }
}

#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
    connections: Arc<AtomicUsize>,
}

impl MailServer {
    pub(crate) async fn new(temper: Temper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            taken: Arc::default(),
            connections: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.connections.fetch_add(1, Ordering::SeqCst);
                let this = this.clone();
                tokio::spawn(async move { this.talk(stream, temper).await });
            }
        });
        server
    }

    /// `[livechat.mail]` that leads here.
    pub(crate) fn section(&self) -> String {
        section_of(self.port)
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn talk(&self, stream: TcpStream, temper: Temper) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        match temper {
            Temper::Silent => return std::future::pending().await,
            Temper::Garbage => {
                let _ = write.write_all(b"<html>HTTP/1.1 200 OK</html>\r\n").await;
            }
            Temper::Kind | Temper::Recipients(_) | Temper::HangsUp | Temper::WantsLogin(_) => {
                let _ = write.write_all(b"220 test ESMTP\r\n").await;
            }
        }
        let (mut mail, mut is_in) = (Taken::default(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let answer = match (verb, temper) {
                ("EHLO", Temper::WantsLogin(_)) => "250-test\r\n250 AUTH PLAIN",
                ("EHLO", _) => "250-test\r\n250 8BITMIME",
                ("AUTH", Temper::WantsLogin(words)) => {
                    is_in = rest.split(' ').nth(1) == Some(words);
                    if is_in {
                        "235 hello"
                    } else {
                        "535 go away, secret@example.org"
                    }
                }
                ("MAIL", Temper::WantsLogin(_)) if !is_in => "530 log in",
                ("MAIL", _) => {
                    mail.from = address(rest);
                    "250 ok"
                }
                ("RCPT", Temper::Recipients(answer)) => answer,
                ("RCPT", _) => {
                    mail.to.push(address(rest));
                    "250 ok"
                }
                ("DATA", _) => {
                    let _ = write.write_all(b"354 go on\r\n").await;
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        mail.data += line.strip_prefix('.').unwrap_or(&line);
                        mail.data.push('\n');
                    }
                    if matches!(temper, Temper::HangsUp) {
                        return;
                    }
                    self.taken.lock().unwrap().push(std::mem::take(&mut mail));
                    "250 taken"
                }
                ("QUIT", _) => "221 bye",
                _ => "500 what?",
            };
            let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
    }
}

/// `[livechat.mail]` of a server on that port.
pub(crate) fn section_of(port: u16) -> String {
    format!(
        "[livechat.mail]\ndelivery = \"smtp\"\nfrom = \"chat@example.org\"\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n"
    )
}

/// `[livechat.mail]` of an outbox.
pub(crate) const OUTBOX: &str =
    "[livechat.mail]\ndelivery = \"outbox\"\nfrom = \"chat@example.org\"\n";

fn address(text: &str) -> String {
    let inner = text
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.unwrap().0.to_owned()
}
