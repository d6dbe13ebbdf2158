//! Heading "Transfer" (livechat contract §4.4.4, §4.4.5, §4.5).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
