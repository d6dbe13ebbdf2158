//! The settings that provisioning reads and writes, with Rocket.Chat's defaults (contract §2.1,
//! §4, §5, §6).

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// `_id` and value of every setting there is.
pub(super) fn defaults() -> BTreeMap<String, Value> {
    let defaults = [
        ("API_Default_Count", json!(50)),
        ("API_Upper_Count_Limit", json!(100)),
        ("API_Allow_Infinite_Count", json!(true)),
        ("API_Enable_Rate_Limiter", json!(true)),
        ("API_Enable_Rate_Limiter_Limit_Calls_Default", json!(10)),
        ("API_Enable_Rate_Limiter_Limit_Time_Default", json!(60_000)),
        ("Accounts_CustomFields", json!("")),
        ("Accounts_BlockedUsernameList", json!("")),
        ("Accounts_ManuallyApproveNewUsers", json!(false)),
        ("Accounts_SetDefaultAvatar", json!(true)),
        ("Accounts_TwoFactorAuthentication_Enabled", json!(true)),
        ("Accounts_TwoFactorAuthentication_RememberFor", json!(1_800)),
        ("LDAP_Enable", json!(false)),
        ("Livechat_External_Queue_Token", json!("")),
        ("Livechat_External_Queue_URL", json!("")),
        ("Livechat_Routing_Method", json!("Auto_Selection")),
        ("Livechat_accept_chats_with_no_agents", json!(false)),
        ("Livechat_assign_new_conversation_to_bot", json!(false)),
        ("Livechat_enable_business_hours", json!(false)),
        ("Livechat_enabled", json!(true)),
        ("Livechat_enabled_when_agent_idle", json!(true)),
        ("Livechat_http_timeout", json!(5_000)),
        ("Livechat_maximum_chats_per_agent", json!(0)),
        ("Livechat_secret_token", json!("")),
        ("Livechat_waiting_queue", json!(false)),
        ("Livechat_webhookUrl", json!("")),
        ("Livechat_webhook_on_agent_message", json!(false)),
        ("Livechat_webhook_on_capture", json!(false)),
        ("Livechat_webhook_on_chat_queued", json!(false)),
        ("Livechat_webhook_on_chat_taken", json!(false)),
        ("Livechat_webhook_on_close", json!(false)),
        ("Livechat_webhook_on_forward", json!(false)),
        ("Livechat_webhook_on_offline_msg", json!(false)),
        ("Livechat_webhook_on_start", json!(false)),
        ("Livechat_webhook_on_visitor_message", json!(false)),
        ("Omnichannel_contact_manager_routing", json!(true)),
        ("Omnichannel_enable_department_removal", json!(false)),
        ("Presence_broadcast_disabled", json!(false)),
        ("Site_Url", json!("http://localhost:3000")),
        ("UTF8_User_Names_Validation", json!("[0-9a-zA-Z-_.]+")),
        ("uniqueID", json!("simulatedworkspace")),
    ];
    defaults
        .into_iter()
        .map(|(id, value)| (id.to_owned(), value))
        .collect()
}
