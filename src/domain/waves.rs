//! Which wave an agent belongs to.

use super::{
    agent::SourceAgent,
    marks::Marks,
    moving::{MoveRules, REST},
};

/// The waves of some rules, ready for asking: make them once, then ask for everybody.
#[derive(Clone, Debug)]
pub struct Waves<'a> {
    marks: Vec<(&'a str, Marks)>,
}

impl<'a> Waves<'a> {
    /// The waves, with their selections folded.
    pub fn new(rules: &'a MoveRules) -> Self {
        let waves = rules.waves.iter();
        Self {
            marks: waves
                .map(|wave| (wave.name.as_str(), Marks::new(&wave.include)))
                .collect(),
        }
    }

    /// The first wave that selects the agent, else [`REST`].
    pub fn of(&self, agent: &SourceAgent) -> &'a str {
        let fitting = self.marks.iter().find(|(_, marks)| marks.fit(agent));
        fitting.map_or(REST, |(name, _)| name)
    }

    /// All names in order, [`REST`] last.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.marks.iter().map(|(name, _)| *name).chain([REST])
    }
}
