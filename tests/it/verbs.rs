//! The small verbs, and the forms in which tables are printed.

use crate::program::{Home, World, run};

#[test]
fn tables_come_for_people_for_programs_and_for_reviews() {
    let world = World::of(5);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    for verb in [&["sync"][..], &["agents"], &["explain"], &["state", "show"]] {
        let with = |form| {
            let mut words = verb.to_vec();
            words.extend(["--output", form]);
            let done = home.run(&words);
            assert_eq!(done.code, 0, "{words:?}: {done:?}");
            done.stdout
        };
        serde_json::from_str::<serde_json::Value>(&with("json")).unwrap();
        let markdown = with("markdown");
        for line in markdown.lines().filter(|line| !line.is_empty()) {
            assert!(
                line.starts_with('|') && line.ends_with('|'),
                "{verb:?}: {line}"
            );
        }
        assert!(!with("table").contains('|'), "{verb:?}");
    }
}

#[test]
fn a_department_is_found_by_its_name_with_and_without_a_daemon() {
    let world = World::of(30);
    let home = Home::of(&world, "[schedule]\nevery = \"1h\"\n[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let ask = |name| home.run(&["explain", "--department", name, "--output", "json"]);
    let alone = ask("billing");
    assert_eq!(alone.code, 0, "{alone:?}");
    assert_eq!(ask("no such department").code, 2);
    let _daemon = home.serve();
    assert_eq!(ask("billing").stdout, alone.stdout);
    assert_eq!(ask("no such department").code, 2);
}

#[test]
fn config_dump_shows_where_values_come_from_and_no_password() {
    let world = World::of(1);
    let home = Home::of(&world, "");
    let dump = home.run(&["config", "dump"]);
    assert_eq!(dump.code, 0, "{dump:?}");
    assert!(
        dump.stdout.contains("password = \"*****\""),
        "{}",
        dump.stdout
    );
    assert!(dump.stdout.contains("lp2rc.toml"), "{}", dump.stdout);
}

#[test]
fn completions_and_usage_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let done = run(&["completions", shell]);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(done.stdout.contains("lp2rc"), "{shell}");
    }
    assert_eq!(run(&["--help"]).code, 0);
    assert_eq!(run(&["no-such-verb"]).code, 2);
}

#[test]
fn a_state_goes_out_and_comes_back_and_a_tampered_one_does_not() {
    let world = World::of(6);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let file = home.config().with_file_name("kept.jsonl");
    let path = file.display().to_string();
    assert_eq!(home.run(&["state", "export", "--file", &path]).code, 0);
    let agents = home.run(&["agents", "--output", "json"]).stdout;
    std::fs::remove_dir_all(home.state()).unwrap();
    let done = home.run(&["state", "import", &path]);
    assert_eq!(done.code, 0, "{done:?}");
    let list =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["agents"].clone();
    let back = home.run(&["agents", "--output", "json"]);
    assert_eq!(list(&back.stdout), list(&agents), "{back:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("online", "oxline", 1)).unwrap();
    let refused = home.run(&["state", "import", &path]);
    assert_eq!(refused.code, 30, "{refused:?}");
    assert!(refused.stderr.contains("damaged"), "{refused:?}");
    assert_eq!(
        home.run(&["agents", "--output", "json"]).stdout,
        back.stdout
    );
}

#[test]
fn an_export_follows_a_link_and_never_replaces_what_is_no_file() {
    let world = World::of(2);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    assert_eq!(home.run(&["sync"]).code, 0);
    let folder = home.config().parent().unwrap().to_owned();
    let (file, link, pipe) = (
        folder.join("file"),
        folder.join("link"),
        folder.join("pipe"),
    );
    std::fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let export = |path: &std::path::Path| {
        let done = home.run(&["state", "export", "--file", &path.display().to_string()]);
        assert_eq!(done.code, 0, "{done:?}");
    };
    export(&link);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("sha256"), "{written}");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| std::fs::read_to_string(&pipe).unwrap());
        export(&pipe);
        assert!(reader.join().unwrap().contains("sha256"));
    });
    assert!(!std::fs::symlink_metadata(&pipe).unwrap().is_file());
}

#[test]
fn looking_makes_no_state_where_there_is_none_and_an_import_does() {
    let world = World::of(2);
    let home = Home::of(&world, "[log]\nlevel = \"off\"");
    for verb in [
        &["agents"][..],
        &["explain"],
        &["state", "show"],
        &["state", "verify"],
    ] {
        let refused = home.run(verb);
        assert_eq!(refused.code, 30, "{verb:?}: {refused:?}");
        assert!(!home.state().exists(), "{verb:?}");
    }
    assert_eq!(home.run(&["sync"]).code, 0);
    let file = home
        .config()
        .with_file_name("kept.jsonl")
        .display()
        .to_string();
    assert_eq!(home.run(&["state", "export", "--file", &file]).code, 0);
    std::fs::remove_dir_all(home.state()).unwrap();
    assert_eq!(home.run(&["state", "import", &file]).code, 0);
    assert_eq!(home.run(&["state", "verify"]).code, 0);
}
