//! Heading "Configuration" (livechat contract §4.2).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
