//! Heading "Video call" (livechat contract §4.7.6).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
