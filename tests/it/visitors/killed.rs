//! kill -9 while everybody writes: whatever was acknowledged is there afterwards, once and in order,
//! and who got no answer may send the same message again.

use tokio::{sync::mpsc, task::JoinSet};

use super::{client, demo, setting, visitor::Visitor};

/// Writes until the bridge is gone, telling of each message that was acknowledged; gives the number of
/// the first that was not.
async fn write_on(
    visitor: &mut Visitor,
    name: usize,
    first: usize,
    told: &mpsc::UnboundedSender<()>,
) -> usize {
    let mut number = first;
    loop {
        let text = format!("message {number} of {name}");
        match visitor.write(&format!("{name}-{number}"), &text).await {
            Ok(_) => number += 1,
            Err(_) => return number,
        }
        // The one who kills may have stopped listening.
        let _ = told.send(());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_message_is_lost_by_kill_9() {
    let (visitors, rounds) = (setting("LP2RC_VISITORS", 20), setting("LP2RC_KILLS", 3));
    let state = tempfile::tempdir().unwrap();
    let mut bridge = demo(state.path(), visitors * 2, &["--no-rate-limit"], &[]);
    let mut arriving = JoinSet::new();
    for name in 0..visitors {
        let (client, api) = (client(), bridge.api.clone());
        arriving.spawn(async move {
            let visitor = Visitor::arrive(client, &api, &format!("visitor-{name}")).await;
            (name, 0, visitor)
        });
    }
    let mut everybody = arriving.join_all().await;
    for round in 0..rounds {
        let (told, mut acknowledged) = mpsc::unbounded_channel();
        let mut writing = JoinSet::new();
        for (name, number, mut visitor) in everybody {
            let told = told.clone();
            writing.spawn(async move {
                let number = write_on(&mut visitor, name, number, &told).await;
                (name, number, visitor)
            });
        }
        // In the middle of everybody's writing, each time somewhere else.
        for _ in 0..visitors * 3 + round * 7 {
            acknowledged.recv().await.unwrap();
        }
        bridge.kill();
        everybody = writing.join_all().await;
        bridge = demo(state.path(), visitors * 2, &["--no-rate-limit"], &[]);
        for (name, number, visitor) in &mut everybody {
            visitor.come_back(&bridge.api).await;
            // Perhaps it was kept and only the answer was lost: the same id is the same message.
            let text = format!("message {number} of {name}");
            visitor
                .write(&format!("{name}-{number}"), &text)
                .await
                .unwrap();
            *number += 1;
            visitor.check().await;
        }
    }
    let kept: usize = everybody
        .iter()
        .map(|(_, _, visitor)| visitor.kept.len())
        .sum();
    println!(
        "{rounds} kills while {visitors} visitors wrote: all {kept} acknowledged messages are there, once and in order"
    );
    assert!(
        kept > visitors * rounds,
        "only {kept} messages between the kills"
    );
    assert_eq!(bridge.stop().0, 0);
}
