//! Uploads and downloads (livechat contract §4.7.7).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{account::sha256_hex, endpoint::Endpoint};

pub(super) const ENDPOINTS: &[Endpoint] = &[];

/// What `encodeURI` leaves as it is, without what means something in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Where a file is fetched.
pub(super) fn path(id: &str, name: &str) -> String {
    format!("/file-upload/{id}/{}", utf8_percent_encode(name, PLAIN))
}

/// What opens one file of a visitor's to whoever has the link: made of the visitor's token, so there
/// is nothing to keep, and it says nothing of the token.
pub(super) fn key(token: &str, file: &str) -> String {
    sha256_hex(&format!("lp2rc file {file} of {token}"))
}
