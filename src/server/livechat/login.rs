//! Service accounts log in: `login`, `logout`, `me` (livechat contract §1.6).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
