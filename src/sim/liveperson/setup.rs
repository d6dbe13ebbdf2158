//! What a simulator is made from.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{behaviour::Behaviour, faults::Faults};

/// What a simulator is made from. It has no `Debug`, since it holds a password.
#[derive(Clone)]
pub struct SimConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Serve https, with a certificate that [`super::Simulator::ca_pem`] vouches for.
    pub tls: bool,
    /// Where to listen, in plain HTTP, for nothing but the control API; without it that is served
    /// beside LivePerson's resources alone.
    pub control: Option<SocketAddr>,
    /// Clients that are not on this machine may use the control API, too.
    pub control_from_anywhere: bool,
    /// Account number.
    pub account: String,
    /// Login name of the one user who may log in.
    pub username: String,
    /// Its password.
    pub password: String,
    /// For a login by keys instead of the password (contract §2.3): the key or client id.
    pub app_key: String,
    /// The secret of that key.
    pub app_secret: String,
    /// How many agents there are besides that user.
    pub agents: usize,
    /// How many of [`super::SKILLS`] the account has; at least 1.
    pub skills: usize,
    /// Seed of the world and of the tokens. Same seed, same steps: same people, same states.
    pub seed: u64,
    /// How often the world moves by itself; zero leaves that to [`super::WorldHandle::step`].
    pub step_every: Duration,
    /// Whether steps also take agents off the list and bring them back, from ten agents on.
    pub turnover: bool,
    /// How it behaves where the contract is open.
    pub behaviour: Behaviour,
    /// What goes wrong from the start.
    pub faults: Faults,
}

impl Default for SimConfig {
    /// Account `12345678`, user `bridge` with password `bridge-password`, 25 agents who move every
    /// second, on a free port of loopback.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            control: None,
            control_from_anywhere: false,
            account: "12345678".to_owned(),
            username: "bridge".to_owned(),
            password: "bridge-password".to_owned(),
            app_key: "bridge-key".to_owned(),
            app_secret: "bridge-secret".to_owned(),
            agents: 25,
            skills: 12,
            seed: 1,
            step_every: Duration::from_secs(1),
            turnover: true,
            behaviour: Behaviour::default(),
            faults: Faults::default(),
        }
    }
}
