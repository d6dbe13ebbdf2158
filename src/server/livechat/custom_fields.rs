//! Heading "Custom field" (livechat contract §4.7.1, §4.7.2).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
