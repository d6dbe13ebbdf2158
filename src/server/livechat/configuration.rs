//! Heading "Configuration" (livechat contract §4.2): what the widget asks for first.
//!
//! Deliberately absent: `queueInfo`, custom emojis and business units, of which a bridge knows
//! nothing; `businessUnit` is taken and makes no difference.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::{self, Dates},
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, FROM_7, Params},
    failure::Outcome,
    schema::{Kind, Schema},
};
use crate::{
    config::livechat::{CustomField, Scope, Version},
    conversation::department_settings,
    domain::{Ask, Policy, Purpose},
};

const CONFIG: Schema = Schema {
    required: &[],
    properties: &[
        ("token", Kind::Nullable(&Kind::Text)),
        ("department", Kind::Nullable(&Kind::Text)),
        ("businessUnit", Kind::Nullable(&Kind::Text)),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::GET,
        template: "livechat/config",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Query(&CONFIG),
        summary: "Settings, texts, departments, and the visitor with their room.",
        run: |livechat, call| Box::pin(config(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "livechat/config/routing",
        versions: FROM_7,
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Free,
        summary: "What the order of choice means for an agent's screen.",
        run: |livechat, _call| Box::pin(std::future::ready(Ok(livechat.routing()))),
    },
];

async fn config(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let config = &livechat.config;
    if !config.enabled {
        return Ok(of_config(json!({"enabled": false})));
    }
    let given = |key: &str| call.query_text(key).filter(|text| !text.is_empty());
    let (token, department) = (given("token"), given("department"));
    let (guest, room, is_online) = livechat
        .conversations
        .ask(move |chats| {
            let guest = match token {
                Some(token) => chats.visitor_by_token(&token)?,
                None => None,
            };
            let room = match &guest {
                Some(guest) => chats.open_rooms_of(&guest.id)?.into_iter().next(),
                None => None,
            };
            let is_online = chats.config().behaviour.accept_chats_with_no_agents
                || chats.online(department.as_deref()).is_some();
            Ok((guest, room, is_online))
        })
        .await?;
    let mut shown = json!({
        "enabled": true,
        "settings": livechat.shown_settings(),
        "theme": livechat.shown_theme(),
        "messages": livechat.shown_texts(),
        "survey": {
            "items": ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"],
            "values": ["1", "2", "3", "4", "5"],
        },
        "triggers": livechat.shown_triggers(),
        "departments": livechat.shown_departments(),
        "resources": {"sound": livechat.sound(&call), "emojis": []},
        "online": is_online,
    });
    if let Some(guest) = &guest {
        shown["guest"] = Value::Object(shape::guest(guest));
    }
    if let Some(room) = &room {
        let room = shape::room_summary(room, config.version, Dates::Iso);
        shown["room"] = Value::Object(room);
    }
    let served = room.and_then(|room| room.served_by);
    if let Some(agent) = served.and_then(|served| livechat.shown_agent(&served.id)) {
        shown["agent"] = Value::Object(agent);
    }
    let fields: Vec<_> = config
        .custom_fields
        .iter()
        .filter(|field| field.public && field.scope == Scope::Visitor)
        .map(shown_field)
        .collect();
    if !fields.is_empty() {
        shown["customFields"] = Value::from(fields);
    }
    Ok(of_config(shown))
}

fn of_config(shown: Value) -> Map<String, Value> {
    Map::from_iter([("config".to_owned(), shown)])
}

impl Livechat {
    fn shown_settings(&self) -> Value {
        let (settings, behaviour) = (&self.config.settings, &self.config.behaviour);
        let mut shown = json!({
            "registrationForm": settings.registration_form,
            "allowSwitchingDepartments": settings.allow_switching_departments,
            "nameFieldRegistrationForm": settings.name_field_registration_form,
            "emailFieldRegistrationForm": settings.email_field_registration_form,
            "displayOfflineForm": settings.display_offline_form,
            "videoCall": settings.video_call,
            "fileUpload": settings.file_upload && self.config.files.enabled,
            "language": settings.language,
            "transcript": settings.transcript,
            "historyMonitorType": settings.history_monitor_type,
            "forceAcceptDataProcessingConsent": settings.force_accept_data_processing_consent,
            "showConnecting": settings.show_connecting,
            "agentHiddenInfo": !self.api.show_agent_info,
            "clearLocalStorageWhenChatEnded": settings.clear_local_storage_when_chat_ended,
            "limitTextLength": match settings.limit_text_length {
                0 => Value::from(false),
                limit => Value::from(limit),
            },
        });
        if self.config.version >= Version::V7 {
            shown["hiddenSystemMessages"] = json!(behaviour.hidden_system_messages);
            // An asset that nobody has set.
            shown["livechatLogo"] = json!({});
            shown["hideWatermark"] = json!(settings.hide_watermark);
            shown["visitorsCanCloseChat"] = json!(behaviour.visitors_can_close);
        }
        shown
    }

    fn shown_theme(&self) -> Value {
        let (theme, version) = (&self.config.theme, self.config.version);
        let mut shown = json!({
            "title": theme.title,
            "color": theme.color,
            "offlineTitle": theme.offline_title,
            "offlineColor": theme.offline_color,
            "position": theme.position,
            "actionLinks": {
                "jitsi": [
                    {"icon": "icon-videocam", "i18nLabel": "Accept"},
                    {"icon": "icon-cancel", "i18nLabel": "Decline"},
                ],
            },
        });
        if version < Version::V8 {
            shown["actionLinks"]["webrtc"] = json!([
                {
                    "actionLinksAlignment": "flex-start",
                    "i18nLabel": "Join_call",
                    "label": "Join call",
                    "method_id": "joinLivechatWebRTCCall",
                },
                {
                    "i18nLabel": "End_call",
                    "label": "End call",
                    "method_id": "endLivechatWebRTCCall",
                    "danger": true,
                },
            ]);
        }
        if version >= Version::V7 {
            shown["background"] = json!(theme.background);
        }
        if version >= Version::V8 {
            shown["hideExpandChat"] = json!(theme.hide_expand_chat);
        }
        shown
    }

    fn shown_texts(&self) -> Value {
        let texts = &self.config.messages;
        json!({
            "offlineMessage": texts.offline_message,
            "offlineSuccessMessage": texts.offline_success_message,
            "offlineUnavailableMessage": texts.offline_unavailable_message,
            "conversationFinishedMessage": texts.conversation_finished_message,
            "conversationFinishedText": texts.conversation_finished_text,
            "transcriptMessage": texts.transcript_message,
            "registrationFormMessage": texts.registration_form_message,
            "dataProcessingConsentText": texts.data_processing_consent_text,
        })
    }

    fn shown_triggers(&self) -> Value {
        let shown = self.config.triggers.iter().map(|trigger| {
            json!({
                "_id": trigger.id,
                "actions": trigger.actions,
                "conditions": trigger.conditions,
                "runOnce": trigger.run_once,
            })
        });
        shown.collect()
    }

    /// Departments with agents, by name.
    fn shown_departments(&self) -> Value {
        let snapshot = self.ledger.snapshot();
        let mut manned: Vec<_> = snapshot
            .departments()
            .iter()
            .filter(|department| !department.members.is_empty())
            .collect();
        manned.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        let shown = manned.into_iter().map(|department| {
            let id = department.id.as_str();
            let settings = department_settings(&self.config, id, &department.name);
            let mut shown = json!({
                "_id": id,
                "name": department.name,
                "showOnRegistration": settings.is_some_and(|s| s.show_on_registration),
                "showOnOfflineForm": settings.is_some_and(|s| s.show_on_offline_form),
            });
            if self.config.version >= Version::V7 {
                shown["departmentsAllowedToForward"] = json!([]);
            }
            shown
        });
        shown.collect()
    }

    /// livechat contract §4.2.2. Agents choose for themselves where nobody chooses for them; only
    /// auto-selection shows a link to the queue.
    fn routing(&self) -> Map<String, Value> {
        let ask = Ask {
            department: None,
            purpose: Purpose::NewChat,
            ignored_agent: None,
        };
        let (is_manual, has_link) = match self.ledger.explain(&ask, None).policy {
            Policy::Manual => (true, false),
            Policy::AutoSelection => (false, true),
            Policy::LoadBalancing | Policy::LoadRotation => (false, false),
        };
        of_config(json!({
            "previewRoom": is_manual,
            "showConnecting": is_manual,
            "showQueue": is_manual,
            "showQueueLink": has_link,
            "returnQueue": is_manual,
            "enableTriggerAction": !is_manual,
            "autoAssignAgent": !is_manual,
        }))
    }

    /// The absolute address of the sound of a new message.
    fn sound(&self, call: &Call) -> String {
        let root = match (self.config.site_url.as_str(), call.header("host")) {
            ("", Some(host)) => format!("http://{host}"),
            (site_url, _) => site_url.to_owned(),
        };
        format!("{root}/sounds/chime.mp3")
    }
}

/// A definition as clients see it (livechat contract §3.4).
fn shown_field(field: &CustomField) -> Value {
    let filled = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    let mut shown = json!({
        "_id": field.id,
        "label": field.label,
        "required": field.required,
        "defaultValue": filled(&field.default_value),
    });
    for (key, text) in [("regexp", &field.regexp), ("type", &field.kind)] {
        if let Some(value) = filled(text) {
            shown[key] = value;
        }
    }
    if !field.options.is_empty() {
        shown["options"] = json!(field.options);
    }
    shown
}
