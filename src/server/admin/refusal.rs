//! From errors to refusals: one sentence, one kind, one status.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::wire::{Refusal, RefusalKind};
use crate::{
    ports::{ControlError, CycleError, StoreError},
    server::operations::content,
};

impl Refusal {
    /// A refusal of this kind with this sentence.
    pub fn new(kind: RefusalKind, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            kind,
            health: None,
        }
    }
}

impl RefusalKind {
    /// The status it is sent with.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::State | Self::Unexpected => StatusCode::INTERNAL_SERVER_ERROR,
            Self::SourceUnavailable | Self::CredentialsRejected => StatusCode::BAD_GATEWAY,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Deadline => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// The refusal a failed cycle becomes.
fn cycle(error: &CycleError) -> Refusal {
    let (kind, health) = match error {
        CycleError::Source(trouble) => {
            let kind = if trouble.fault.is_transient() {
                RefusalKind::SourceUnavailable
            } else {
                RefusalKind::CredentialsRejected
            };
            (kind, Some(trouble.fault.health().word().to_owned()))
        }
        CycleError::Store(trouble) => return store(trouble),
        CycleError::Deadline(_) => (RefusalKind::Deadline, None),
    };
    Refusal {
        health,
        ..Refusal::new(kind, error.to_string())
    }
}

/// The refusal a store error becomes.
fn store(error: &StoreError) -> Refusal {
    let kind = match error {
        StoreError::Conflict { .. } => RefusalKind::Conflict,
        StoreError::Locked { .. } => RefusalKind::Busy,
        StoreError::OtherAccount { .. }
        | StoreError::OtherOwner { .. }
        | StoreError::Newer { .. }
        | StoreError::Damaged { .. }
        | StoreError::Io { .. } => RefusalKind::State,
    };
    Refusal::new(kind, error.to_string())
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Stopping => Self::new(RefusalKind::Busy, error.to_string()),
            ControlError::Failed(failed) => cycle(&failed),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // Two strings: writing them cannot fail.
        let text = serde_json::to_string(&self).unwrap_or_default();
        let mut response = content(self.kind.status(), "application/json", text);
        if self.kind == RefusalKind::Unauthorized {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        store(&error)
    }
}
