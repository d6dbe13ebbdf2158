//! What `lp2rc migrate` shows and writes: tables, JSON, reports and plan files.

use std::os::unix::fs::PermissionsExt as _;

use lp2rc::migrate::{
    jobs::Finished,
    wire::{
        Applied, Difference, End, Owned, Parity, Part, PersonLine, PlanDocument, Remark, Request,
        Status, Trouble, WaveLine, WhoIsWhere,
    },
};

use crate::migrate_world::{Fake, HOSTILE, plan, run_line};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_file_is_private_and_binds_checksum_and_part() {
    let ended = Finished::with(End::Differences, "there are changes", &plan());
    let fake = Fake::answering(ended).await;
    let file = fake.file("plan.json");
    let path = file.display().to_string();
    let done = fake
        .run(&["plan", "--wave", "pilot", "--cut-over", "--out", &path])
        .await;
    assert_eq!(done.code, 12, "{done:?}");
    assert!(done.stdout.starts_with("plan "), "{done:?}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(serde_json::from_str::<PlanDocument>(&text).unwrap(), plan());
    let json = fake.run(&["plan", "--output", "json"]).await.stdout;
    assert_eq!(json, text, "the file is what --output json prints");
    fake.asked.lock().unwrap().clear();

    let agreeing = ["--wave", "pilot", "--cut-over"];
    for flags in [&[][..], &agreeing] {
        let words = [&["apply", "--plan", &path][..], flags].concat();
        // The answer is another document, so that the code is 1; the request is what counts.
        fake.run(&words).await;
        let Some(Request::Apply(apply)) = fake.last() else {
            panic!("no apply")
        };
        assert_eq!(apply.part, plan().part);
        assert_eq!(apply.checksum, Some(plan().checksum));
    }
    for flags in [
        &["--wave", "pilot"][..],
        &["--cut-over"],
        &["--wave", "zwei", "--cut-over"],
    ] {
        let words = [&["apply", "--plan", &path][..], flags].concat();
        let done = fake.run(&words).await;
        assert_eq!(done.code, 2, "{done:?}");
        assert!(
            done.stderr.contains("of wave pilot, with cut-over"),
            "{done:?}"
        );
    }
    for (from, to, expect) in [
        (
            "lp2rc-plan-1",
            "lp2rc-plan-2",
            "this version reads `lp2rc-plan-1`",
        ),
        (&*plan().checksum, "", "no checksum"),
        ("\"agents\"", "\"other\"", "missing field `agents`"),
        ("{", "", "cannot use the plan"),
    ] {
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let done = fake.run(&["apply", "--plan", &path]).await;
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stderr.contains(expect), "{done:?}");
    }
    assert_eq!(fake.last(), None, "nothing was asked with a doubtful plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_talk_carry_no_tricks_and_json_is_the_document() {
    let told = format!("about {HOSTILE}\n\nhint: look");
    let fake = Fake::answering(Finished::with(End::Refused, told, &plan())).await;
    let done = fake.run(&["plan"]).await;
    assert_eq!(done.code, 10, "{done:?}");
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    assert!(done.stdout.contains("eve\u{fffd}[2J|"), "{done:?}");
    assert!(done.stderr.ends_with("\n\nhint: look\n"), "{done:?}");
    let widest = done.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}: {}", done.stdout);
    let json = fake.run(&["plan", "--output", "json"]).await.stdout;
    assert_eq!(serde_json::from_str::<PlanDocument>(&json).unwrap(), plan());
    let markdown = fake.run(&["plan", "--output", "markdown"]).await.stdout;
    assert!(
        markdown.contains("users") && !markdown.contains('\u{1b}'),
        "{markdown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_into_its_file_and_the_table_to_stdout() {
    let person = PersonLine {
        source_id: "LP1".to_owned(),
        username: "ada".to_owned(),
        name: "<script>".to_owned(),
        wave: "pilot".to_owned(),
        owner: "source".to_owned(),
        result: "different".to_owned(),
        routable: false,
        why_not: "no client is connected".to_owned(),
        differences: vec![Difference {
            field: "name".to_owned(),
            source: "<script>alert(1)</script>".to_owned(),
            bridge: "Ada".to_owned(),
            target: "Eda".to_owned(),
            acknowledged_as: String::new(),
        }],
    };
    let parity = Parity {
        at: "2026-01-02T03:04:05Z".to_owned(),
        part: Part::default(),
        target: "7.6.1".to_owned(),
        account: "12345678".to_owned(),
        source_age_seconds: Some(3),
        agents: 1,
        equal: 0,
        acknowledged: 0,
        different: 1,
        left_out: Vec::new(),
        waves: Vec::new(),
        departments: Vec::new(),
        people: vec![person],
    };
    let fake = Fake::answering(Finished::with(End::Differences, "one differs", &parity)).await;
    let file = fake.file("parity.html");
    let path = file.display().to_string();
    let done = fake
        .run(&["verify", "--output", "html", "--out", &path])
        .await;
    assert_eq!(done.code, 12, "{done:?}");
    for part in ["ada (LP1)", "no client is connected"] {
        assert!(done.stdout.contains(part), "{part}: {done:?}");
    }
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.to_lowercase().starts_with("<!doctype html>"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let json = fake.run(&["verify", "--output", "json"]).await.stdout;
    assert_eq!(serde_json::from_str::<Parity>(&json).unwrap(), parity);
    let page = fake.run(&["verify", "--output", "html"]).await.stdout;
    assert!(page.contains("</html>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_where_it_stands_and_whose_it_is_have_tables() {
    let applied = Applied {
        plan: Some(plan()),
        run: Some(run_line()),
        troubles: vec![Trouble {
            phase: "users".to_owned(),
            subject: "ada".to_owned(),
            result: "failed".to_owned(),
            why: "the name is taken".to_owned(),
        }],
        remarks: Vec::new(),
    };
    let status = Status {
        doing: String::new(),
        waves: vec![WaveLine {
            wave: "pilot".to_owned(),
            agents: 4,
            provisioned: 3,
            cut_over: 2,
            equal: 0,
        }],
        runs: vec![run_line()],
        people: vec![WhoIsWhere {
            source_id: "LP1".to_owned(),
            username: "ada".to_owned(),
            wave: "pilot".to_owned(),
            target_id: None,
            origin: String::new(),
            owner: "source".to_owned(),
        }],
    };
    let owned = Owned {
        done: Vec::new(),
        refused: vec![Remark {
            subject: "root".to_owned(),
            why: "protected".to_owned(),
        }],
    };
    let fake = Fake::doing(move |order| {
        let finished = if matches!(order.request, Request::Apply(_)) {
            Finished::with(End::Partial, "1 of 3 failed", &applied)
        } else if order.request == Request::Status {
            Finished::with(End::Done, "", &status)
        } else {
            Finished::with(End::Refused, "", &owned)
        };
        std::future::ready(finished)
    })
    .await;
    let done = fake.run(&["apply"]).await;
    assert_eq!(done.code, 13, "{done:?}");
    assert!(
        done.stdout.contains("the name is taken") && done.stdout.contains("open"),
        "{done:?}"
    );
    assert!(
        !done.stdout.contains("not there yet"),
        "the plan was seen before: {done:?}"
    );
    let short = fake.run(&["status"]).await.stdout;
    assert!(
        short.contains("no job runs") && short.contains("r7") && !short.contains("LP1"),
        "{short}"
    );
    let long = fake.run(&["status", "--people"]).await.stdout;
    assert!(long.contains("LP1"), "{long}");
    let done = fake.run(&["adopt", "root"]).await;
    assert_eq!(done.code, 10, "{done:?}");
    assert!(done.stdout.contains("protected"), "{done:?}");
}
