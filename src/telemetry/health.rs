//! The board on which each component writes how it is; readiness, status lines and the watchdog
//! read it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Component, Health, Timestamp};

/// How one component is, since when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentHealth {
    /// The word.
    pub health: Health,
    /// In one sentence; no secrets, e-mails or bodies.
    pub reason: String,
    /// When the word last changed.
    pub since: Timestamp,
}

/// Shared, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct HealthBoard {
    components: Arc<Mutex<BTreeMap<Component, ComponentHealth>>>,
}

impl HealthBoard {
    /// Writes how a component is. A change of the word is logged once, with what to do; the reason
    /// is logged where the trouble was handled.
    pub fn set(
        &self,
        component: Component,
        health: Health,
        reason: impl Into<String>,
        now: Timestamp,
    ) {
        let reason = reason.into();
        let mut components = self
            .components
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = components
            .entry(component)
            .or_insert_with(|| ComponentHealth {
                health: Health::Starting,
                reason: String::new(),
                since: now,
            });
        if entry.health != health {
            entry.since = now;
            let (part, word, remedy) = (component.word(), health.word(), health.remedy());
            if health == Health::Connected {
                tracing::info!(component = part, health = word, "{part} is {word}");
            } else {
                tracing::warn!(
                    component = part,
                    health = word,
                    "{part} is {word}: {remedy}"
                );
            }
        }
        entry.health = health;
        entry.reason = reason;
    }

    /// How one component is; starting before anything was written.
    pub fn get(&self, component: Component) -> ComponentHealth {
        let components = self
            .components
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        components
            .get(&component)
            .cloned()
            .unwrap_or_else(|| ComponentHealth {
                health: Health::Starting,
                reason: "nothing has happened yet".to_owned(),
                since: Timestamp::default(),
            })
    }

    /// All components, in the order of [`Component::ALL`].
    pub fn all(&self) -> Vec<(Component, ComponentHealth)> {
        Component::ALL
            .into_iter()
            .map(|component| (component, self.get(component)))
            .collect()
    }
}
