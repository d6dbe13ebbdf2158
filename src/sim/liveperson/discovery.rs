//! Domain discovery: which host does what (contract §1). Every service is this simulator itself.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    behaviour::DiscoveryAnswer,
    request::Request,
    service::{Service, refusal},
};

/// Services of the account. The bridge must pick its own by name, so it is not the first one.
const SERVICES: [&str; 3] = ["accountConfigReadOnly", "agentVep", "leDataReporting"];

/// `GET /api/account/{account}/service/{service}/baseURI.json`. An unknown account gets 401 as
/// documented; for an unknown service nothing is known, and it gets 404.
pub(super) fn one(service: &Service, request: &Request, account: &str, name: &str) -> Answer {
    if let Some(refused) = refused(service, request, account) {
        return refused;
    }
    if !SERVICES.contains(&name) {
        return refusal(service, 404, 5, "unknown service");
    }
    let item = item(request, account, name);
    let body = match service.behaviour().discovery_answer {
        DiscoveryAnswer::Single => item,
        DiscoveryAnswer::List => json!({ "baseURIs": [item] }),
        DiscoveryAnswer::ListObject => json!({ "baseURIs": item }),
    };
    Answer::json(200, &body)
}

/// `GET /api/account/{account}/service/baseURI.json`.
pub(super) fn all(service: &Service, request: &Request, account: &str) -> Answer {
    refused(service, request, account)
        .unwrap_or_else(|| Answer::json(200, &collection(request, account)))
}

/// All services, as discovery lists them and as the login answer carries them.
pub(super) fn collection(request: &Request, account: &str) -> Value {
    let items: Vec<Value> = SERVICES
        .iter()
        .map(|name| item(request, account, name))
        .collect();
    json!({ "baseURIs": items })
}

fn item(request: &Request, account: &str, name: &str) -> Value {
    json!({ "service": name, "account": account, "baseURI": request.authority })
}

fn refused(service: &Service, request: &Request, account: &str) -> Option<Answer> {
    if request
        .query("version")
        .is_some_and(|version| version != "1.0")
    {
        return Some(refusal(service, 400, 5, "unknown version"));
    }
    (account != service.identity().account).then(|| refusal(service, 401, 5, "invalid site"))
}
