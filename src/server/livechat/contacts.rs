//! Heading "Contacts" (livechat contract §4.8).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
