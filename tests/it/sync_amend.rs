//! What the move tells the centre: kept, published as old as it is, and never undone by a poll.

use std::{
    sync::{Arc, atomic::Ordering, mpsc},
    time::Duration,
};

use lp2rc::{
    domain::{
        Ask, Generation, Owner, Purpose, RoutingRules, SnapshotRow, SourceId, TargetId, Trigger,
    },
    ledger::{Answer, Freshness, Ledger},
    ports::{
        Amendment, BridgeStore as _, Centre as _, Commit, CycleRequest, Inspect as _, Publish,
        StoreError,
    },
    state::{MemoryStore, import},
    telemetry::Metrics,
};
use tokio::sync::oneshot;

use crate::{state_world::NOON, sync_cycle::Rig};

fn owner(id: u32, owner: Owner) -> Amendment {
    Amendment {
        source_id: SourceId::new(id.to_string()),
        owner: Some(owner),
        identity: None,
    }
}

fn identity(id: u32, target_id: &str, username: &str) -> Amendment {
    Amendment {
        source_id: SourceId::new(id.to_string()),
        owner: None,
        identity: Some((TargetId::new(target_id), username.to_owned())),
    }
}

/// An agent as believed and as mapped: owner, id, name, former id.
fn believed(rig: &Rig, id: u32) -> (Owner, String, String, Option<String>) {
    let believed = rig.reconciler.believed().unwrap();
    let id = SourceId::new(id.to_string());
    let entry = believed.roster.get(&id).unwrap();
    let agents = &believed.desired.agents;
    let agent = agents.iter().find(|one| one.identity.source_id == id);
    let agent = agent.unwrap();
    assert!(Arc::ptr_eq(&agent.believed, entry), "mapped from another");
    let identity = &agent.identity;
    (
        entry.owner,
        identity.target_id.to_string(),
        identity.username.clone(),
        identity.formerly.as_ref().map(ToString::to_string),
    )
}

#[tokio::test]
async fn owner_and_identity_are_kept_and_no_poll_or_restart_undoes_them() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    let (_, derived, name, _) = believed(&rig, 101);
    let both = Amendment {
        identity: Some((TargetId::new("u1"), "Ada".to_owned())),
        ..owner(101, Owner::Target)
    };
    let unknown = identity(999, "u9", "nobody");
    rig.reconciler.amend(&[both, unknown]).unwrap();
    assert_eq!(rig.diary(), ["kept 1 as 2", "amended 12 of 2"]);
    let expected = (
        Owner::Target,
        "u1".to_owned(),
        "Ada".to_owned(),
        Some(derived.clone()),
    );
    assert_eq!(believed(&rig, 101), expected);

    // Agents come, one goes: the cycle maps anew.
    rig.shows(Some(14));
    let full = CycleRequest::from_trigger(Trigger::Request);
    assert_eq!(rig.cycle(full).await.unwrap().counts.changed(), 2);
    assert_eq!(believed(&rig, 101), expected);
    assert_eq!(believed(&rig, 102).0, Owner::Source);

    let again = Rig::over(&rig.store, Arc::default());
    again.reconciler.restore().unwrap();
    assert_eq!(believed(&again, 101), expected);
    assert_eq!(again.cycle(full).await.unwrap().counts.changed(), 2);
    assert_eq!(believed(&again, 101), expected);
    let text = rig.store.store.export(NOON).unwrap();
    let copy = MemoryStore::new(10);
    import(&copy, &text, NOON).unwrap();
    assert_eq!(copy.load().unwrap(), rig.store.store.load().unwrap());

    // Taken back: nobody needs the former id any more.
    let back = [
        identity(101, &derived, &name),
        owner(101, Owner::Both),
        owner(101, Owner::Source),
    ];
    again.reconciler.amend(&back).unwrap();
    assert_eq!(believed(&again, 101), (Owner::Source, derived, name, None));
}

#[tokio::test]
async fn the_first_id_stays_the_former_one_however_often_the_target_gives_another() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    let (_, derived, ..) = believed(&rig, 101);
    for (id, name) in [("u1", "ada"), ("u2", "ada"), ("u2", "Ada")] {
        rig.reconciler.amend(&[identity(101, id, name)]).unwrap();
        let (_, now, username, formerly) = believed(&rig, 101);
        assert_eq!((now.as_str(), username.as_str()), (id, name));
        assert_eq!(formerly.as_ref(), Some(&derived));
    }
    // The name of 101 is free again and that of 113 is not.
    rig.reconciler
        .amend(&[identity(102, "u3", "Agent113")])
        .unwrap();
    rig.shows(Some(14));
    rig.tick().await.unwrap();
    let (_, _, name, _) = believed(&rig, 113);
    assert!(name.starts_with("agent113-"), "{name}");
}

#[tokio::test]
async fn what_changes_nothing_is_not_kept_and_what_nobody_knows_is_passed_over() {
    let rig = Rig::new();
    rig.reconciler.amend(&[owner(101, Owner::Target)]).unwrap();
    assert_eq!(rig.diary(), Vec::<String>::new(), "never read");
    assert_eq!(rig.reconciler.believed().unwrap().age_seconds, None);
    rig.tick().await.unwrap();
    rig.diary();
    let (_, id, name, _) = believed(&rig, 101);
    let nothing = [
        owner(101, Owner::Source),
        identity(101, &id, &name),
        owner(999, Owner::Target),
        identity(999, "u9", "nobody"),
    ];
    rig.reconciler.amend(&nothing).unwrap();
    rig.reconciler.amend(&[]).unwrap();
    assert_eq!(rig.diary(), Vec::<String>::new());
    // And the cycle after it is as quiet as ever.
    rig.tick().await.unwrap();
    assert_eq!(rig.diary(), ["kept 0 as 2", "confirmed"]);
}

#[tokio::test]
async fn what_could_not_be_kept_is_not_published_and_can_be_told_again() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.diary();
    let amendment = [owner(101, Owner::Target)];
    rig.store.full.store(true, Ordering::SeqCst);
    assert!(rig.reconciler.amend(&amendment).is_err());
    assert_eq!(rig.diary(), Vec::<String>::new());
    assert_eq!(believed(&rig, 101).0, Owner::Source);
    rig.store.full.store(false, Ordering::SeqCst);
    rig.reconciler.amend(&amendment).unwrap();
    assert_eq!(rig.diary(), ["kept 1 as 2", "amended 12 of 2"]);

    // Another writer is noticed; the next try works on what they left.
    let other = Commit::default();
    rig.store.store.commit(Generation(2), &other).unwrap();
    let amendment = [owner(102, Owner::Target)];
    let refused = rig.reconciler.amend(&amendment).unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    rig.reconciler.amend(&amendment).unwrap();
    assert_eq!(believed(&rig, 102).0, Owner::Target);
    assert_eq!(believed(&rig, 101).0, Owner::Target);
}

#[tokio::test]
async fn a_cycle_that_is_reading_meanwhile_decides_over_what_was_amended() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    let (open, gate) = oneshot::channel();
    *rig.source.gate.lock().unwrap() = Some(gate);
    rig.shows(Some(13));
    let amends = async {
        let amendments = [owner(101, Owner::Target), identity(101, "u1", "ada")];
        rig.reconciler.amend(&amendments).unwrap();
        open.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(rig.tick(), amends);
    assert_eq!(report.unwrap().generation, Generation(3));
    let (owner, id, ..) = believed(&rig, 101);
    assert_eq!((owner, id.as_str()), (Owner::Target, "u1"));
    assert_eq!(rig.reconciler.believed().unwrap().roster.len(), 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_that_is_keeping_meanwhile_is_waited_for() {
    let rig = Arc::new(Rig::new());
    rig.tick().await.unwrap();
    rig.diary();
    let (open, gate) = mpsc::channel();
    *rig.store.gate.lock().unwrap() = Some(gate);
    rig.shows(Some(13));
    let cycle = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.tick().await }
    });
    // The store has taken the gate: the cycle is in the middle of its commit.
    while rig.store.gate.lock().unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    let amends = tokio::task::spawn_blocking({
        let rig = Arc::clone(&rig);
        move || rig.reconciler.amend(&[owner(101, Owner::Target)])
    });
    open.send(()).unwrap();
    assert_eq!(cycle.await.unwrap().unwrap().generation, Generation(2));
    amends.await.unwrap().unwrap();
    let told = [
        "kept 1 as 2",
        "published 13 of 2, age Some(0)",
        "kept 1 as 3",
        "amended 13 of 3",
    ];
    assert_eq!(rig.diary(), told);
}

#[tokio::test]
async fn believed_tells_age_and_doubt() {
    let rig = Rig::new();
    rig.tick().await.unwrap();
    rig.clock.advance(Duration::from_millis(90_500));
    let seen = rig.reconciler.believed().unwrap();
    assert_eq!((seen.age_seconds, seen.quarantined), (Some(90), false));
    assert_eq!(seen.desired.agents.len(), 12);
    rig.shows(Some(1));
    let full = CycleRequest::from_trigger(Trigger::Request);
    rig.cycle(full).await.unwrap();
    let seen = rig.reconciler.believed().unwrap();
    assert_eq!((seen.age_seconds, seen.quarantined), (Some(0), true));
}

#[tokio::test]
async fn the_book_serves_what_was_amended_without_taking_the_source_for_young() {
    let store = Arc::clone(&Rig::new().store);
    let mut book = None;
    let rig = Rig::telling(&store, Arc::default(), |clock| {
        let rules = RoutingRules {
            agent_next_share: 100,
            ..RoutingRules::default()
        };
        let ledger = Ledger::new(rules, Arc::new(clock.clone()), Metrics::new());
        book = Some(Arc::clone(&ledger));
        ledger as Arc<dyn Publish>
    });
    let ledger = book.unwrap();
    rig.shows(Some(2));
    rig.tick().await.unwrap();
    for token in ["a", "b"] {
        let answer = ledger.agent_next(token, None);
        assert!(matches!(answer, Answer::Agent { .. }), "{answer:?}");
    }
    let derived = believed(&rig, 100).1;
    rig.clock.advance(Duration::from_secs(20));
    rig.clock.jump(-3_600_000);
    rig.reconciler
        .amend(&[identity(100, "u1", "zoe"), owner(101, Owner::Target)])
        .unwrap();
    let age = Duration::from_secs(20);
    assert_eq!(ledger.freshness(), Freshness::Fresh { age });
    let snapshot = ledger.snapshot();
    let names: Vec<_> = snapshot.rows().iter().map(SnapshotRow::username).collect();
    assert_eq!(names, ["agent101", "zoe"]);
    let ask = Ask {
        department: None,
        purpose: Purpose::NewChat,
        ignored_agent: None,
    };
    // The first agent is another row now, and still has the hold.
    assert_eq!(ledger.taken().1, [1, 1]);
    let answer = ledger.agent_next("d", None);
    assert_eq!(answer.target_id(), Some("u1"));
    let counters = ledger.take_dirty_counters();
    let counted = counters.iter().find(|one| one.agent.as_str() == "u1");
    assert_eq!(counted.map(|one| one.picks), Some(2));
    assert!(snapshot.rows()[1].answers_to(&derived));
    for room in ["1", "2", "3"] {
        assert_eq!(ledger.take(room, None, &ask).target_id(), Some("u1"));
    }
    let refused = ledger.take("4", None, &ask);
    let Answer::Nobody(nobody) = refused else {
        panic!("{refused:?}");
    };
    let words: Vec<_> = nobody.tally.iter().map(|(why, _)| why.word()).collect();
    assert_eq!(words, ["target_decides", "at_capacity"]);
}
