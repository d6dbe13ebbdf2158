//! The door to a running bridge: `<state-dir>/admin.token` and `<state-dir>/admin.addr`.
//!
//! The bridge writes both when it starts and takes the address away when it stops; the command
//! line reads them to hand its work to the bridge (DESIGN §4.9). Whoever can read the token file
//! may do everything the admin API does, so it is 0600 and new at every start. An address without
//! a living bridge behind it is left by a crash: connecting tells.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

const TOKEN: &str = "admin.token";
const ADDRESS: &str = "admin.addr";

/// A file of the door could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Reading or writing failed.
    #[error("{doing} {path}: {source}; the state directory must belong to the user lp2rc runs as")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The address file holds something else.
    #[error("{path} does not hold an address; remove it and start lp2rc again")]
    NotAnAddress {
        /// Which file.
        path: String,
    },
}

/// What the command line needs to call the admin API.
#[derive(Debug)]
pub struct Visit {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it wants to see.
    pub token: SecretString,
}

/// The open door of this process.
#[derive(Debug)]
pub struct Door {
    path: PathBuf,
    written: String,
}

/// A fresh token: 256 bits of the system's randomness in hexadecimal.
pub fn make_token() -> Result<SecretString, DoorError> {
    let source = Path::new("/dev/urandom");
    let mut bits = [0_u8; 32];
    File::open(source)
        .and_then(|mut random| random.read_exact(&mut bits))
        .map_err(failed("cannot read randomness from", source))?;
    let digits = bits.iter().fold(String::with_capacity(64), |mut text, b| {
        for half in [b >> 4, b & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
        text
    });
    Ok(SecretString::from(digits))
}

impl Door {
    /// Writes both files, the token first: whoever finds an address finds its token. `address` is
    /// the one really listened on; an unspecified one is written as loopback.
    pub fn open(dir: &Path, address: SocketAddr, token: &SecretString) -> Result<Self, DoorError> {
        replace(&dir.join(TOKEN), token.expose_secret())?;
        let (path, written) = (dir.join(ADDRESS), reachable(address).to_string());
        replace(&path, &written)?;
        Ok(Self { path, written })
    }

    /// Takes the address away, unless another bridge has put its own there. A failure changes
    /// nothing for the stop that is under way: the address is then as after a crash.
    pub fn close(self) {
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.written) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads the door of the bridge that uses `dir`; `None` when there is none.
pub fn read(dir: &Path) -> Result<Option<Visit>, DoorError> {
    let path = dir.join(ADDRESS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("cannot read", &path)(error)),
    };
    let Ok(address) = text.trim().parse() else {
        let path = path.display().to_string();
        return Err(DoorError::NotAnAddress { path });
    };
    let path = dir.join(TOKEN);
    let token = fs::read_to_string(&path).map_err(failed("cannot read", &path))?;
    let token = SecretString::from(token.trim());
    Ok(Some(Visit { address, token }))
}

/// Writes the whole file or leaves the old one, readable by its owner only from the first byte.
fn replace(path: &Path, text: &str) -> Result<(), DoorError> {
    let beside = path.with_extension("new");
    let written = || {
        // A leftover of a crash may have other rights: never write a token into it.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(failed("cannot write", path))
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> DoorError {
    let path = path.display().to_string();
    move |source| DoorError::Io {
        doing,
        path: path.clone(),
        source,
    }
}

/// Nobody can connect to "every address".
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}
