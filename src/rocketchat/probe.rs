//! Asking the address of External routing as Rocket.Chat will ask it (admin contract §5.1, §5.2).

use reqwest::Url;

use super::wire::{Received, Wire, host};
use crate::ports::{TargetError, TargetFault};

impl Wire {
    /// One question, answered with 200 and a JSON object, whoever is named in it. Rocket.Chat does
    /// not look at the status; we do, because a gateway's page would be taken for "nobody".
    pub(super) async fn probe(&self, url: &str, token: &str) -> Result<(), TargetError> {
        let failed = |place: &str, fault, what: String| TargetError {
            doing: format!("ask External routing at {place}"),
            what,
            fault,
            retry_after: None,
        };
        let address = Url::parse(url).map_err(|error| {
            let what = format!("{error}; correct migrate.connect.routing_url");
            failed("its address", TargetFault::Refused, what)
        })?;
        let place = format!("{}{}", host(&address), address.path());
        let answer = self.ask(address, token).await;
        let answer = answer.map_err(|(fault, what)| {
            // The same troubles as with the workspace, but another setting says where.
            let what = what.replace("rocketchat.url", "migrate.connect.routing_url");
            failed(&place, fault, what)
        })?;
        let object = matches!(&answer.body, Received::Json(body) if body.is_object());
        if answer.status == 200 && object {
            return Ok(());
        }
        let what = match answer.status {
            401 | 403 => {
                "the secret was refused; give the endpoint and migrate.connect.routing_token the same one".to_owned()
            }
            status => format!(
                "it answered {status} with {} instead of 200 with a JSON object; let something answer there first",
                answer.body.kind()
            ),
        };
        Err(failed(&place, TargetFault::UnexpectedAnswer, what))
    }
}
