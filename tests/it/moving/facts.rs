//! Every request of a whole move, held against Rocket.Chat's official files.

use lp2rc::sim::rocketchat::{SimConfig, Version};

use super::{Ends, Setup, WAVES};
use crate::rocketchat_facts::{Asked, complaints};

#[test]
fn a_whole_move_asks_for_nothing_that_the_official_files_do_not_know() {
    for version in [Version::V6, Version::V7, Version::V8] {
        let ends = Ends::read(Setup {
            agents: 15,
            target: SimConfig {
                version,
                ..Setup::default().target
            },
            more: WAVES.to_owned(),
            ..Setup::default()
        });
        ends.expect(0, &["apply", "--cut-over"]);
        ends.expect(0, &["verify"]);
        ends.expect(0, &["undo", "--accept", "removals"]);
        let log = ends.target.log();
        assert!(log.len() > 200, "{version:?}: {} requests", log.len());
        let names: Vec<Vec<&str>> = log
            .iter()
            .map(|one| one.query.iter().map(|(name, _)| name.as_str()).collect())
            .collect();
        let asked = log.iter().zip(&names).map(|(one, query)| Asked {
            method: &one.method,
            path: &one.path,
            query,
            body: one.body.as_ref(),
        });
        let complaints = complaints(asked);
        assert!(complaints.is_empty(), "{version:?}: {complaints:#?}");
        ends.off();
    }
}
