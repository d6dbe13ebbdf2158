//! Heading "Offline message" (livechat contract §4.7.4).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
