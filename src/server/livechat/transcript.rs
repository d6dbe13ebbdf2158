//! Heading "Transcript" (livechat contract §4.7.5).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
