//! `[livechat.behaviour]`, `[livechat.settings]`, `[livechat.theme]`, `[livechat.messages]`: the
//! stock values of livechat contract §2.7 and §4.2.1.

use serde::{Deserialize, Serialize};

use super::super::error::ConfigError;

/// What the server does (livechat contract §2.7).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of the target's"
)]
pub struct Behaviour {
    /// `Livechat_accept_chats_with_no_agents`.
    pub accept_chats_with_no_agents: bool,
    /// `Livechat_enabled_when_agent_idle`.
    pub enabled_when_agent_idle: bool,
    /// `Omnichannel_allow_visitors_to_close_conversation`.
    pub visitors_can_close: bool,
    /// `Message_AllowEditing`.
    pub allow_editing: bool,
    /// `Message_AllowDeleting`.
    pub allow_deleting: bool,
    /// `Message_MaxAllowedSize`, in UTF-16 code units; the agents' side and a ceiling for visitors.
    pub max_message_size: u32,
    /// `Livechat_Visitor_navigation_as_a_message`.
    pub navigation_as_message: bool,
    /// `Livechat_Allow_collect_and_store_HTTP_header_informations`.
    pub collect_headers: bool,
    /// `Livechat_transcript_send_always`.
    pub transcript_send_always: bool,
    /// `Livechat_request_comment_when_closing_conversation`.
    pub comment_required_to_close: bool,
    /// `Livechat_validate_offline_email`: looks for a mail server of the address's domain.
    pub validate_offline_email: bool,
    /// `Livechat_offline_email`; empty: offline messages go nowhere and fail.
    pub offline_email: String,
    /// System messages that visitors do not see, by type.
    pub hidden_system_messages: Vec<String>,
    /// Text of the comment when a visitor closes a chat, in the server's language.
    pub closed_by_visitor: String,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            accept_chats_with_no_agents: false,
            enabled_when_agent_idle: true,
            visitors_can_close: true,
            allow_editing: true,
            allow_deleting: true,
            max_message_size: 5_000,
            navigation_as_message: false,
            collect_headers: false,
            transcript_send_always: false,
            comment_required_to_close: true,
            validate_offline_email: false,
            offline_email: String::new(),
            hidden_system_messages: Vec::new(),
            closed_by_visitor: "Closed by visitor".to_owned(),
        }
    }
}

/// `config.settings` (livechat contract §4.2.1); `agentHiddenInfo` comes from `[api] show_agent_info`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of the target's"
)]
pub struct Settings {
    /// `Livechat_registration_form`.
    pub registration_form: bool,
    /// `Livechat_allow_switching_departments`.
    pub allow_switching_departments: bool,
    /// `Livechat_name_field_registration_form`.
    pub name_field_registration_form: bool,
    /// `Livechat_email_field_registration_form`.
    pub email_field_registration_form: bool,
    /// `Livechat_display_offline_form`.
    pub display_offline_form: bool,
    /// A provider of video calls is set.
    pub video_call: bool,
    /// `Livechat_fileupload_enabled`.
    pub file_upload: bool,
    /// `Language`.
    pub language: String,
    /// `Livechat_enable_transcript`.
    pub transcript: bool,
    /// `Livechat_history_monitor_type`: `url` or `title`.
    pub history_monitor_type: String,
    /// `Livechat_force_accept_data_processing_consent`.
    pub force_accept_data_processing_consent: bool,
    /// Whether "connecting" is shown until an agent joins.
    pub show_connecting: bool,
    /// `Livechat_clear_local_storage_when_chat_ended`.
    pub clear_local_storage_when_chat_ended: bool,
    /// `Livechat_message_character_limit`, in UTF-16 code units; 0 is none.
    pub limit_text_length: u32,
    /// `Livechat_hide_watermark` (7.x).
    pub hide_watermark: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registration_form: true,
            allow_switching_departments: true,
            name_field_registration_form: true,
            email_field_registration_form: true,
            display_offline_form: true,
            video_call: false,
            file_upload: true,
            language: "en".to_owned(),
            transcript: false,
            history_monitor_type: "url".to_owned(),
            force_accept_data_processing_consent: false,
            show_connecting: false,
            clear_local_storage_when_chat_ended: false,
            limit_text_length: 0,
            hide_watermark: false,
        }
    }
}

/// `config.theme` (livechat contract §4.2.1).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Theme {
    /// `Livechat_title`.
    pub title: String,
    /// `Livechat_title_color`.
    pub color: String,
    /// `Livechat_offline_title`.
    pub offline_title: String,
    /// `Livechat_offline_title_color`.
    pub offline_color: String,
    /// `left` or `right` (6.x).
    pub position: String,
    /// `Livechat_background` (7.x).
    pub background: String,
    /// `Livechat_hide_expand_chat` (8.x).
    pub hide_expand_chat: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            title: "Rocket.Chat".to_owned(),
            color: "#C1272D".to_owned(),
            offline_title: "Leave a message".to_owned(),
            offline_color: "#666666".to_owned(),
            position: "right".to_owned(),
            background: String::new(),
            hide_expand_chat: false,
        }
    }
}

/// `config.messages` (livechat contract §4.2.1); empty is "the client's own text".
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// `Livechat_offline_message`.
    pub offline_message: String,
    /// `Livechat_offline_success_message`.
    pub offline_success_message: String,
    /// `Livechat_offline_form_unavailable`.
    pub offline_unavailable_message: String,
    /// `Livechat_conversation_finished_message`.
    pub conversation_finished_message: String,
    /// `Livechat_conversation_finished_text`.
    pub conversation_finished_text: String,
    /// `Livechat_transcript_message`.
    pub transcript_message: String,
    /// `Livechat_registration_form_message`.
    pub registration_form_message: String,
    /// `Livechat_data_processing_consent_text`.
    pub data_processing_consent_text: String,
}

/// Words that only some values fit, and lengths that would refuse everything.
pub(super) fn check(
    behaviour: &Behaviour,
    settings: &Settings,
    theme: &Theme,
) -> Result<(), ConfigError> {
    let wrong = |key: &str, why: &str| Err(ConfigError::meaning(&format!("livechat.{key}"), why));
    if behaviour.max_message_size == 0 {
        return wrong("behaviour.max_message_size", "must be at least 1");
    }
    let offline_email = &behaviour.offline_email;
    if !offline_email.is_empty() && !offline_email.contains('@') {
        return wrong(
            "behaviour.offline_email",
            "is not an address; offline messages go there, and nowhere when it is empty",
        );
    }
    if !matches!(settings.history_monitor_type.as_str(), "url" | "title") {
        return wrong(
            "settings.history_monitor_type",
            "must be \"url\" or \"title\"",
        );
    }
    if !matches!(theme.position.as_str(), "left" | "right") {
        return wrong("theme.position", "must be \"left\" or \"right\"");
    }
    Ok(())
}
