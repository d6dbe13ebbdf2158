//! The mail server behind `ports::Post`: one connection a letter, over SMTP.
//!
//! Letters are few, so there is no pool: a connection that idled would be closed by the server
//! and cost a try. TLS is rustls with the system's own roots. What the server says is reduced to its
//! status, because its words repeat addresses.

mod message;

use std::{sync::Arc, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret as _;

use crate::{
    config::livechat::{Delivery, MailConfig, SmtpConfig, SmtpSecurity},
    ports::{Clock, Future, Letter, Post, PostError, clock},
};

/// How long a name may be looked for.
const LOOK_UP: Duration = Duration::from_secs(5);

/// The configured mail server, or none.
pub struct Mail {
    server: Option<SmtpConfig>,
    hello: ClientId,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

impl Mail {
    /// Nothing is opened before the first letter.
    pub fn new(config: &MailConfig, clock: Arc<dyn Clock>) -> Self {
        let domain = config.from.rsplit('@').next().unwrap_or_default();
        Self {
            server: match &config.delivery {
                Delivery::Smtp(server) => Some(server.clone()),
                Delivery::None | Delivery::Outbox => None,
            },
            hello: ClientId::Domain(domain.to_owned()),
            clock,
        }
    }

    fn transport(
        &self,
        server: &SmtpConfig,
        within: Duration,
    ) -> Result<AsyncSmtpTransport<Tokio1Executor>, PostError> {
        let host = server.host.as_str();
        let parameters = || TlsParameters::new(host.to_owned()).map_err(|_| PostError::Unreachable);
        let tls = match server.security {
            SmtpSecurity::Plain => Tls::None,
            SmtpSecurity::StartTls => Tls::Required(parameters()?),
            SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(server.port)
            .tls(tls)
            .hello_name(self.hello.clone())
            .timeout(Some(within));
        if let Some((user, password)) = &server.login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(builder.build())
    }

    async fn hand_over(&self, letter: Letter, within: Duration) -> Result<(), PostError> {
        let server = self.server.as_ref().ok_or(PostError::NoServer)?;
        let message = message::of(letter)?;
        let transport = self.transport(server, within)?;
        let sent = clock::timeout(&*self.clock, within, transport.send(message)).await;
        match sent {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(fault(&error)),
            None => Err(PostError::TooSlow),
        }
    }
}

/// What is left of an error: a kind and a status.
fn fault(error: &Error) -> PostError {
    match error.status() {
        Some(code) => PostError::Refused {
            status: u16::from(code),
        },
        None if error.is_timeout() => PostError::TooSlow,
        None => PostError::Unreachable,
    }
}

impl Post for Mail {
    fn send(&self, letter: Letter, within: Duration) -> Future<'_, Result<(), PostError>> {
        Box::pin(self.hand_over(letter, within))
    }

    /// Looks for addresses of the name, not for its MX records: the system's resolver gives no others.
    /// A domain with an MX record and no address is taken for unknown; who has such visitors leaves
    /// `validate_offline_email` off.
    fn knows(&self, domain: String) -> Future<'_, bool> {
        Box::pin(async move {
            let looked = tokio::net::lookup_host((domain, 25));
            let found = clock::timeout(&*self.clock, LOOK_UP, looked).await;
            found.is_some_and(|found| found.is_ok_and(|mut found| found.next().is_some()))
        })
    }
}
