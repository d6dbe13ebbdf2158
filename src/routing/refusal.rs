//! Why an agent, or everybody, was refused: a closed list of words.

/// One reason. An agent who is refused has exactly one: the first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The policy never picks: agents take chats themselves.
    ManualPolicy,
    /// No agent was ever published.
    NobodyKnown,
    /// The asked-for department does not exist.
    UnknownDepartment,
    /// Not a member of the asked-for department.
    NotInDepartment,
    /// The caller asked for anybody but this agent.
    Ignored,
    /// Missing from two complete polls.
    Gone,
    /// Missing from the latest complete poll.
    Missing,
    /// The source was not read for longer than `max_age`, and its word counts for this agent.
    SourceTooOld,
    /// Kept as last seen while polls are doubted, and last seen longer than `max_age` ago.
    NotSeen,
    /// The target decides about this agent, and only it knows.
    TargetDecides,
    /// Presence says no.
    NotAvailable,
    /// Takes transferred chats only, and this is a new one.
    Occupied,
    /// The limit is zero.
    NoCapacity,
    /// Every chat the limit allows is taken or held.
    AtCapacity,
    /// Free, but anonymous answers already hold their share of the free slots.
    ShareSpent,
}

impl Refusal {
    /// Every refusal, in the order in which they are tested.
    pub const ALL: [Self; 15] = [
        Self::ManualPolicy,
        Self::NobodyKnown,
        Self::UnknownDepartment,
        Self::NotInDepartment,
        Self::Ignored,
        Self::Gone,
        Self::Missing,
        Self::SourceTooOld,
        Self::NotSeen,
        Self::TargetDecides,
        Self::NotAvailable,
        Self::Occupied,
        Self::NoCapacity,
        Self::AtCapacity,
        Self::ShareSpent,
    ];

    /// The word used in metrics, logs and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ManualPolicy => "manual_policy",
            Self::NobodyKnown => "nobody_known",
            Self::UnknownDepartment => "unknown_department",
            Self::NotInDepartment => "not_in_department",
            Self::Ignored => "ignored",
            Self::Gone => "gone",
            Self::Missing => "missing",
            Self::SourceTooOld => "source_too_old",
            Self::NotSeen => "not_seen",
            Self::TargetDecides => "target_decides",
            Self::NotAvailable => "not_available",
            Self::Occupied => "occupied",
            Self::NoCapacity => "no_capacity",
            Self::AtCapacity => "at_capacity",
            Self::ShareSpent => "share_spent",
        }
    }

    /// The reason in words, without the numbers of a single agent.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::ManualPolicy => "the policy is manual: agents take chats themselves",
            Self::NobodyKnown => "no agent is known yet",
            Self::UnknownDepartment => "there is no such department",
            Self::NotInDepartment => "not a member of the department",
            Self::Ignored => "the caller asked for somebody else",
            Self::Gone => "missing from two complete polls",
            Self::Missing => "missing from the latest complete poll",
            Self::SourceTooOld => "the source was not read for longer than `max_age`",
            Self::NotSeen => "kept as last seen while polls are doubted, longer ago than `max_age`",
            Self::TargetDecides => "availability is the target's; ask there",
            Self::NotAvailable => "presence does not take chats",
            Self::Occupied => "takes transferred chats only",
            Self::NoCapacity => "the limit is zero chats",
            Self::AtCapacity => "every chat the limit allows is taken or held",
            Self::ShareSpent => "anonymous answers already hold their share of the free slots",
        }
    }

    const fn slot(self) -> usize {
        self as usize
    }
}

/// How many agents were refused for which reason. Fixed size: making one never allocates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u32; Refusal::ALL.len()]);

impl Tally {
    /// Counts `agents` more for `refusal`.
    pub fn add(&mut self, refusal: Refusal, agents: u32) {
        self.0[refusal.slot()] += agents;
    }

    /// Agents refused for this reason.
    pub fn count(&self, refusal: Refusal) -> u32 {
        self.0[refusal.slot()]
    }

    /// The reasons that occurred, in the order in which they are tested.
    pub fn iter(&self) -> impl Iterator<Item = (Refusal, u32)> + '_ {
        Refusal::ALL
            .into_iter()
            .map(|refusal| (refusal, self.count(refusal)))
            .filter(|(_, agents)| *agents > 0)
    }

    /// The reason that most of the refused agents share; of equals, the one tested first. Not
    /// being in the department is passed over while a member was refused for something else.
    pub fn main(&self) -> Option<Refusal> {
        let mut main = None;
        let mut most = 0;
        for (refusal, agents) in self.iter() {
            if refusal != Refusal::NotInDepartment && agents > most {
                (main, most) = (Some(refusal), agents);
            }
        }
        let strangers = self.count(Refusal::NotInDepartment) > 0;
        main.or(strangers.then_some(Refusal::NotInDepartment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_place_and_a_word_of_its_own() {
        let mut words: Vec<_> = Refusal::ALL.map(Refusal::word).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Refusal::ALL.len());
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal.slot(), place, "{refusal:?}");
            assert!(!refusal.sentence().ends_with('.'), "{refusal:?}");
        }
    }

    #[test]
    fn the_main_reason_is_that_of_most_members() {
        use Refusal::{AtCapacity, NotAvailable, NotInDepartment};
        type Counts<'a> = &'a [(Refusal, u32)];
        let cases: [(Counts<'_>, Option<Refusal>); 5] = [
            (&[], None),
            (&[(NotInDepartment, 9)], Some(NotInDepartment)),
            (&[(NotInDepartment, 9), (AtCapacity, 1)], Some(AtCapacity)),
            (&[(AtCapacity, 3), (NotAvailable, 2)], Some(AtCapacity)),
            (&[(AtCapacity, 2), (NotAvailable, 2)], Some(NotAvailable)),
        ];
        for (counts, main) in cases {
            let mut tally = Tally::default();
            for (refusal, agents) in counts {
                tally.add(*refusal, *agents);
            }
            assert_eq!(tally.main(), main, "{counts:?}");
        }
    }
}
