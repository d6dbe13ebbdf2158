//! Uploads and downloads (livechat contract §4.7.7).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
