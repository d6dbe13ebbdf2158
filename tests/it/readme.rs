//! Every command of the README is run, and answers in the shape that is printed there.

use serde_json::Value;

use crate::program::{Running, get, http, run_with};

/// One `$ command` of a console block, with the output printed below it.
struct Step {
    command: String,
    shown: Vec<String>,
}

fn steps(readme: &str) -> Vec<Step> {
    let (mut steps, mut inside): (Vec<Step>, _) = (Vec::new(), false);
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match line.strip_prefix("$ ") {
                Some(command) => {
                    steps.push(Step {
                        command: command.to_owned(),
                        shown: Vec::new(),
                    });
                }
                None => steps.last_mut().unwrap().shown.push(line.to_owned()),
            }
        }
    }
    steps
}

/// What only some agents have: an address, a limit.
const OPTIONAL: [&str; 2] = ["emails", "livechat"];

/// Keys and types, without values: numbers, texts and lengths of lists differ from run to run.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(key, _)| !OPTIONAL.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), shape(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.first().map(shape).into_iter().collect()),
        Value::String(_) => Value::String(String::new()),
        Value::Number(_) => Value::Number(0.into()),
        Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// The first line with every number and address made the same.
fn heading(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| {
            if word.bytes().any(|b| b.is_ascii_digit()) {
                "0"
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn compare(step: &Step, got: &str) {
    let Some(first) = step.shown.first() else {
        return;
    };
    let whole = step.shown.join("\n");
    match (
        serde_json::from_str::<Value>(&whole),
        serde_json::from_str::<Value>(got),
    ) {
        (Ok(shown), Ok(got)) => {
            assert_eq!(
                shape(&shown),
                shape(&got),
                "`{}` answers otherwise",
                step.command
            );
        }
        (Ok(_), Err(error)) => panic!("`{}` gave no JSON: {error}: {got}", step.command),
        (Err(_), _) => assert_eq!(heading(first), heading(got), "`{}`", step.command),
    }
}

#[test]
fn every_command_of_the_readme_works_as_printed() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut demo, mut simulator, mut target) = (None::<Running>, None, None);
    let mut settings = Vec::new();
    let mut done = Vec::new();
    for step in steps(&readme) {
        let words: Vec<&str> = step.command.split(' ').collect();
        match words[..] {
            // This very run.
            ["cargo", "test", "--locked"] => {}
            ["cargo", "run", "--locked", "--", "demo"] => {
                let ports = [
                    "demo",
                    "--listen",
                    "127.0.0.1:0",
                    "--ops-listen",
                    "127.0.0.1:0",
                ];
                demo = Some(Running::start(&ports));
            }
            ["curl", "-s", url] => {
                let demo = demo.as_ref().expect("the demo comes first");
                let url = url
                    .trim_matches('\'')
                    .replace("http://127.0.0.1:3080", &demo.api)
                    .replace("http://127.0.0.1:3081", &demo.ops);
                compare(&step, &get(&url).body);
            }
            ["curl", "-s", "-H", header, "-d", body, url] => {
                let demo = demo.as_ref().expect("the demo comes first");
                let (name, value) = header.split_once(':').unwrap();
                let url = url.replace("http://127.0.0.1:3080", &demo.api);
                let got = http("POST", &url, &[(name, value)], body.trim_matches('\''));
                compare(&step, &got.body);
            }
            ["lp2rc", "simulate", "liveperson"] => {
                let running =
                    Running::spawn(&["simulate", "liveperson", "--listen", "127.0.0.1:0"]);
                let line = running.line();
                compare(&step, &line);
                let url = line.strip_prefix("ready liveperson=").unwrap();
                let url = url.split(' ').next().unwrap().to_owned();
                let host = url.strip_prefix("http://").unwrap();
                settings = [
                    ("LIVEPERSON__DISCOVERY_URL", url.clone()),
                    ("LIVEPERSON__TRUSTED_HOSTS", format!("[\"{host}\"]")),
                    (
                        "STATE__DIR",
                        folder.path().join("state").display().to_string(),
                    ),
                    ("API__LISTEN", "127.0.0.1:0".to_owned()),
                    ("OPERATIONS__LISTEN", "127.0.0.1:0".to_owned()),
                ]
                .map(|(key, value)| (format!("LP2RC_{key}"), value))
                .to_vec();
                simulator = Some(running);
            }
            ["lp2rc", "simulate", "rocketchat"] => {
                let running =
                    Running::spawn(&["simulate", "rocketchat", "--listen", "127.0.0.1:0"]);
                let line = running.line();
                compare(&step, &line);
                let url = line.strip_prefix("ready rocketchat=").unwrap();
                let url = url.split(' ').next().unwrap().to_owned();
                settings.push(("LP2RC_ROCKETCHAT__URL".to_owned(), url));
                // The state belongs to one rehearsal.
                let state = folder.path().join("move").display().to_string();
                settings.push(("LP2RC_STATE__DIR".to_owned(), state));
                target = Some(running);
            }
            ["lp2rc", "migrate", "plan", ..] => {
                let finished = run_with(&words[1..], &settings);
                assert_eq!(finished.code, 12, "`{}`: {finished:?}", step.command);
                compare(&step, &finished.stdout);
            }
            ["lp2rc", "serve", ..] => {
                let mut daemon = Running::spawn_with(&words[1..], &settings);
                daemon.wait_ready();
                let (code, stderr) = daemon.stop();
                assert_eq!(code, 0, "{stderr}");
            }
            ["lp2rc", ..] => {
                let finished = run_with(&words[1..], &settings);
                assert_eq!(finished.code, 0, "`{}`: {finished:?}", step.command);
                compare(&step, &finished.stdout);
            }
            _ => panic!(
                "the README has a command that no test knows: `{}`",
                step.command
            ),
        }
        done.push(step.command);
    }
    drop((simulator, target));
    assert!(done.len() > 10, "{done:?}");
}
