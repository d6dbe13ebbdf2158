//! Log lines on stderr. Callers keep secrets, tokens, e-mails and visitor texts out of them.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogConfig, LogFormat};

/// Starts logging for a one-shot verb: the verb itself tells what happened, so only errors are
/// logged, unless another level than the default was configured.
pub fn start_quiet(config: &LogConfig) {
    let mut config = config.clone();
    if config.level == LogConfig::default().level {
        "error".clone_into(&mut config.level);
    }
    start(&config);
}

/// Starts logging for the whole process. A second call changes nothing.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::new(directives(&config.level));
    let registry = tracing_subscriber::registry().with(filter);
    // An error means that a subscriber exists already, as in tests that start the bridge twice.
    let _ = match config.format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(false)
                    .with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
}

/// A level alone is ours: libraries talk from `warn` up. Anything else is taken as it is.
fn directives(level: &str) -> String {
    match level.parse::<tracing::Level>() {
        Ok(level) if level > tracing::Level::WARN => format!("warn,lp2rc={level}"),
        Ok(_) | Err(_) => level.to_owned(),
    }
}
