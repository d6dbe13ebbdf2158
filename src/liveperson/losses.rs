//! Sessions lost under us (contract §8): one is ordinary, three in ten minutes mean that another
//! client logs in as the bridge's user, and that fighting over it would only hurt both.

use std::{collections::VecDeque, time::Duration};

use crate::config::RetryConfig;

/// When sessions were lost, by `Clock::elapsed`; no more of them than matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    at: VecDeque<Duration>,
}

impl Losses {
    /// Takes the last one back: it was no loss of a session, but of the whole service.
    pub(super) fn take_back(&mut self) {
        self.at.pop_back();
    }

    /// Notes a loss; `true` when it was one too many.
    pub(super) fn add(&mut self, now: Duration, config: &RetryConfig) -> bool {
        self.at.push_back(now);
        let oldest = now.saturating_sub(config.replaced_within);
        self.at.retain(|at| *at >= oldest);
        let many = config.replaced_losses as usize;
        while self.at.len() > many {
            self.at.pop_front();
        }
        self.at.len() >= many
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_losses_close_together_are_too_many() {
        let config = RetryConfig::default();
        let cases: [(&[u64], bool); 6] = [
            (&[0], false),
            (&[0, 1], false),
            (&[0, 1, 2], true),
            (&[0, 300, 600], true),
            (&[0, 300, 601], false),
            (&[0, 1, 700, 701, 1_300], true),
        ];
        for (moments, expect) in cases {
            let mut losses = Losses::default();
            let mut last = false;
            for at in moments {
                last = losses.add(Duration::from_secs(*at), &config);
            }
            assert_eq!(last, expect, "{moments:?}");
        }
    }
}
