//! An agent's own limit, and settings. The limit's call replaces the whole `livechat` object and
//! the whole list of departments (admin contract §3.3), so both are read just before.

use serde_json::{Map, Value, json};

use super::{
    RocketChat,
    fault::{self, Failed},
    route::{Call, Route},
    shape::{self, AgentDepartments, LIMIT},
};
use crate::{
    domain::target::{SettingValue, TargetVersion},
    ports::TargetFault,
};

/// From here on there is a route; before it there is a method.
const SAVE_INFO: TargetVersion = TargetVersion {
    major: 7,
    minor: 11,
    patch: 0,
};

const METHOD: &str = "livechat:saveAgentInfo";

impl RocketChat {
    pub(super) async fn set_limit(
        &self,
        (id, name): (&str, &str),
        limit: Option<u32>,
    ) -> Result<(), Failed> {
        let version = self.version().await?;
        let doing = match limit {
            Some(limit) => format!("set the limit of {name} to {limit}"),
            None => format!("drop the limit of {name}"),
        };
        let read = Call::new(Route::AgentDepartments, &doing).part(id);
        let (agent, held) = tokio::try_join!(
            self.agent(id, name),
            self.line.read::<AgentDepartments>(&read)
        )?;
        let Some(agent) = agent else {
            let what = "he is no agent; give him the role first";
            return Err(self.line.failed(&read, TargetFault::NotFound, what));
        };
        let mut data = agent.livechat.unwrap_or_default();
        data.remove(LIMIT);
        if let Some(limit) = limit {
            data.insert(LIMIT.to_owned(), json!(limit));
        }
        let departments = held.departments.into_iter().map(|held| held.department);
        let departments: Vec<String> = departments.collect();
        if version >= SAVE_INFO {
            let call = Call::new(Route::SaveInfo, &doing).body(json!({
                "agentId": id,
                "agentData": data,
                "agentDepartments": departments,
            }));
            match self.line.call(&call).await {
                Err(failed) if failed.status == 404 => {}
                done => return done.map(|_| ()),
            }
        }
        self.call_method(doing, id, (data, departments)).await
    }

    /// The old way. What went wrong is inside, beside status 200.
    async fn call_method(
        &self,
        doing: String,
        id: &str,
        (data, departments): (Map<String, Value>, Vec<String>),
    ) -> Result<(), Failed> {
        let message = json!({
            "msg": "method",
            "id": "1",
            "method": METHOD,
            "params": [id, data, departments],
        });
        let call = Call::new(Route::CallMethod, doing)
            .part(METHOD)
            .body(json!({ "message": message.to_string() }));
        let answer = self.line.call(&call).await?;
        let is_result = |text: &str| {
            serde_json::from_str::<Value>(text).is_ok_and(|inner| inner["msg"] == "result")
        };
        if let Some(code) = fault::inner(&answer) {
            return Err(self.line.method_refused(&call, &code));
        }
        if answer["message"].as_str().is_some_and(is_result) {
            Ok(())
        } else {
            Err(self.line.misshapen(&call))
        }
    }

    pub(super) async fn set_setting(&self, id: &str, value: &SettingValue) -> Result<(), Failed> {
        let call = Call::new(Route::SettingSave, format!("set setting {id}"))
            .part(id)
            .body(json!({ "value": shape::setting_json(value) }));
        self.line.call(&call).await.map(|_| ())
    }
}
