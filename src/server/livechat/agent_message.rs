//! Messages, the agents' side: `chat.sendMessage`, `chat.postMessage`, `livechat/:rid/messages` (livechat contract §4.6.7).

use super::endpoint::Endpoint;

pub(super) const ENDPOINTS: &[Endpoint] = &[];
