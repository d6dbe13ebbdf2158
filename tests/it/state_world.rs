//! Words for tests of the state: agents, commits, directories.

use std::{path::Path, sync::Arc, time::Duration};

use lp2rc::{
    config::StateConfig,
    domain::{
        AccountId, Capacity, Coverage, Cursor, CycleReport, Generation, Identity, MappingNotes,
        MergeCounts, Owner, Presence, RosterEntry, Skill, SkillId, SourceAgent, SourceId, Standing,
        TargetId, Timestamp, Trigger, Verdict,
    },
    ports::Commit,
    state::SledStore,
};

pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_331_544_926_464);

pub(crate) fn config(dir: &Path) -> StateConfig {
    StateConfig {
        dir: dir.to_owned(),
        export_every: Duration::from_secs(3_600),
        keep_runs: 5,
        counters_every: Duration::from_secs(2),
    }
}

/// Opens, waiting for the handles of a store that this process has just dropped: sled closes its
/// file on a thread of its own.
pub(crate) fn open(dir: &Path) -> SledStore {
    for _ in 0..200 {
        match SledStore::open(&config(dir)) {
            Err(lp2rc::ports::StoreError::Locked { .. }) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other.unwrap(),
        }
    }
    panic!("the state stays locked");
}

/// An agent whose every field depends on both numbers.
pub(crate) fn entry(number: u64, version: u64) -> Arc<RosterEntry> {
    let since = Timestamp::from_millis(NOON.millis() + i64::try_from(version).unwrap());
    Arc::new(RosterEntry {
        agent: SourceAgent {
            id: SourceId::new(number.to_string()),
            login: Some(format!("agent{number}@example.org")),
            display_name: (!version.is_multiple_of(5))
                .then(|| format!("Ada \"{version}\" Lövelace")),
            email: (!number.is_multiple_of(3)).then(|| format!("agent{number}@example.org")),
            presence: Presence::ALL[usize::try_from(version % 5).unwrap()],
            voice: Presence::Offline,
            capacity: if number.is_multiple_of(4) {
                Capacity::Unlimited
            } else {
                Capacity::Limited(u32::try_from(number % 4).unwrap() - 1)
            },
            load: u32::try_from(version % 7).unwrap(),
            skills: vec![
                Skill {
                    id: SkillId::new("12"),
                    name: Some("Sales".to_owned()),
                },
                Skill {
                    id: SkillId::new("7/\n"),
                    name: None,
                },
            ],
            group_id: Some("9".to_owned()),
            group_name: None,
            privilege_group: Some("administrators".to_owned()),
        },
        standing: match version % 4 {
            0 => Standing::Present,
            1 => Standing::Missing { since },
            2 => Standing::Frozen { since },
            _ => Standing::Gone { since },
        },
        owner: [Owner::Source, Owner::Target, Owner::Both][usize::try_from(number % 3).unwrap()],
    })
}

pub(crate) fn identity(number: u64) -> Arc<Identity> {
    Arc::new(Identity {
        source_id: SourceId::new(number.to_string()),
        target_id: TargetId::new(format!("target{number:011}")),
        username: format!("agent{number}"),
        formerly: None,
    })
}

pub(crate) fn cursor(version: u64) -> Cursor {
    Cursor {
        account: Some(AccountId::new("12345678")),
        last_full: Some(NOON),
        last_success: Some(Timestamp::from_millis(
            NOON.millis() + i64::try_from(version).unwrap(),
        )),
        source_timestamp: Some(5),
        quarantined_since: None,
        config_revision: Some("r7".to_owned()),
    }
}

/// Agents `numbers` at `version`, with their identities.
pub(crate) fn commit(numbers: std::ops::Range<u64>, version: u64) -> Commit {
    Commit {
        entries: numbers.clone().map(|n| entry(n, version)).collect(),
        identities: numbers.map(identity).collect(),
        cursor: cursor(version),
    }
}

pub(crate) fn report(number: u64) -> CycleReport {
    CycleReport {
        run: format!("run{number}"),
        trigger: Trigger::Schedule,
        dry_run: number.is_multiple_of(2),
        started_at: NOON,
        took_ms: number,
        coverage: Coverage::Filtered,
        counts: MergeCounts {
            seen: 1,
            added: 2,
            returned: 3,
            updated: 4,
            missing: 5,
            frozen: 6,
            gone: 7,
            unchanged: 8,
        },
        verdict: Verdict::Quarantined { before: 9, now: 2 },
        skipped: 3,
        notes: MappingNotes {
            excluded: 1,
            unmapped_skills: 2,
            missing_emails: 3,
            name_collisions: 4,
            names_changed: 5,
        },
        routable: 12,
        generation: Generation(number),
        changes: vec!["ada is away".to_owned()],
    }
}
