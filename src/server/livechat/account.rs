//! Service accounts: who calls, and what they may do (livechat contract §1.6, §4.5, §4.8).
//!
//! The permissions are those of the target's stock roles; there is no way to change them here.

use sha2::{Digest as _, Sha256};

use crate::{
    config::livechat::{Account, Role},
    conversation::Actor,
};

/// A logged-in account.
#[derive(Clone, Debug)]
pub(in super::super) struct Caller {
    /// `_id`, the same at every start.
    pub(in super::super) id: String,
    /// As configured.
    pub(in super::super) account: Account,
}

/// What an endpoint asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Permission {
    /// `view-l-room`
    ViewRoom,
    /// `view-livechat-rooms`
    ViewRooms,
    /// `view-livechat-manager`
    ViewManager,
    /// `manage-livechat-agents`
    ManageAgents,
    /// `close-livechat-room`
    CloseRoom,
    /// `close-others-livechat-room`
    CloseOthersRoom,
    /// `transfer-livechat-guest`
    TransferGuest,
    /// `save-others-livechat-room-info`
    SaveOthersRoomInfo,
    /// `send-omnichannel-chat-transcript`
    SendTranscript,
    /// `create-livechat-contact`
    CreateContact,
    /// `update-livechat-contact`
    UpdateContact,
    /// `view-livechat-contact`
    ViewContact,
    /// `view-livechat-contact-history`
    ViewContactHistory,
    /// `delete-livechat-contact`
    DeleteContact,
    /// `api-bypass-rate-limit`
    BypassRateLimit,
}

impl Permission {
    /// The target's name of it.
    pub(in super::super) const fn word(self) -> &'static str {
        match self {
            Self::ViewRoom => "view-l-room",
            Self::ViewRooms => "view-livechat-rooms",
            Self::ViewManager => "view-livechat-manager",
            Self::ManageAgents => "manage-livechat-agents",
            Self::CloseRoom => "close-livechat-room",
            Self::CloseOthersRoom => "close-others-livechat-room",
            Self::TransferGuest => "transfer-livechat-guest",
            Self::SaveOthersRoomInfo => "save-others-livechat-room-info",
            Self::SendTranscript => "send-omnichannel-chat-transcript",
            Self::CreateContact => "create-livechat-contact",
            Self::UpdateContact => "update-livechat-contact",
            Self::ViewContact => "view-livechat-contact",
            Self::ViewContactHistory => "view-livechat-contact-history",
            Self::DeleteContact => "delete-livechat-contact",
            Self::BypassRateLimit => "api-bypass-rate-limit",
        }
    }

    /// Whether a stock role holds it.
    const fn held_by(self, role: Role) -> bool {
        match role {
            Role::Admin => true,
            Role::Bot => matches!(self, Self::BypassRateLimit),
            Role::LivechatManager => !matches!(self, Self::BypassRateLimit),
            Role::LivechatMonitor => !matches!(
                self,
                Self::BypassRateLimit
                    | Self::ManageAgents
                    | Self::DeleteContact
                    | Self::ViewManager
            ),
            Role::LivechatAgent => matches!(
                self,
                Self::ViewRoom
                    | Self::CloseRoom
                    | Self::TransferGuest
                    | Self::SendTranscript
                    | Self::CreateContact
                    | Self::UpdateContact
                    | Self::ViewContact
                    | Self::ViewContactHistory
            ),
        }
    }
}

impl Caller {
    pub(in super::super) fn of(account: &Account) -> Self {
        Self {
            id: id_of(&account.username),
            account: account.clone(),
        }
    }

    /// The same for the conversations, which know in whose name it acts.
    pub(in super::super) fn actor(&self) -> Actor {
        Actor {
            id: self.id.clone(),
            username: self.account.username.clone(),
            name: self.account.name.clone(),
            agent: self.account.agent.clone(),
        }
    }

    /// Whether one of their roles holds it.
    pub(in super::super) fn may(&self, permission: Permission) -> bool {
        let roles = &self.account.roles;
        roles.iter().any(|role| permission.held_by(*role))
    }
}

/// The account whose configured token this is.
pub(in super::super) fn by_token<'a>(accounts: &'a [Account], token: &str) -> Option<&'a Account> {
    use subtle::ConstantTimeEq as _;
    let hash = sha256_hex(token);
    accounts.iter().find(|account| {
        account
            .token_hash
            .as_ref()
            .is_some_and(|kept| bool::from(kept.as_bytes().ct_eq(hash.as_bytes())))
    })
}

/// SHA-256 in lower-case hexadecimal.
pub(in super::super) fn sha256_hex(text: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// An account's id: derived from its name, in the form of the target's newer ids (24 hexadecimal
/// digits), so that it is the same at every start and on every machine.
pub fn id_of(username: &str) -> String {
    let mut id = sha256_hex(&format!("lp2rc account {username}"));
    id.truncate(24);
    id
}
