//! Heading "Page visited" (livechat contract §4.7.3).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
