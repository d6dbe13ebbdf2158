//! Heading "Room", the agents' side (livechat contract §4.5).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
