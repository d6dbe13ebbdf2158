//! Configuration: the shipped example holds the defaults, and each mistake gets one sentence.

use std::path::PathBuf;

use lp2rc::config::{ConfigError, Credentials, Layers, Loaded, load};
use secrecy::ExposeSecret as _;

/// Loads `text` as the main file, with the given variables.
fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("password"), "secret\n").unwrap();
    let mut variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    variables.push((
        "LP2RC_LIVEPERSON__PASSWORD_FILE".to_owned(),
        folder.path().join("password").display().to_string(),
    ));
    load(&Layers {
        file: Some(file),
        variables,
        flags: Vec::new(),
    })
}

/// Somewhere to move to, and the beginning of how.
const TARGET: &str = "[rocketchat]\nurl = \"http://127.0.0.1:1\"\nuser_id = \"u\"\ntoken = \"t\"\n[migrate]\ndepartment_email = \"{name}@example.org\"\n";

const LEAST: &str = "[liveperson]\naccount = \"12345678\"\nusername = \"bridge\"\n";

#[test]
fn the_shipped_example_holds_every_key_and_the_defaults() {
    let example = std::fs::read_to_string("config/lp2rc.toml").unwrap();
    let given: toml::Table = example.parse().unwrap();
    let least = loaded(LEAST, &[]).unwrap();
    let full = loaded(&example, &[]).unwrap();
    let strip = |dump: String| -> Vec<String> {
        dump.lines()
            .map(|line| line.split("  # ").next().unwrap().to_owned())
            .filter(|line| !line.starts_with("username") && !line.starts_with("password_file"))
            .collect()
    };
    assert_eq!(
        strip(full.dump()),
        strip(least.dump()),
        "the example differs from the defaults"
    );
    // A key that is missing from the example would be shown as coming from the defaults.
    let missing: Vec<_> = full
        .dump()
        .lines()
        .filter(|line| line.ends_with("# default"))
        .map(str::to_owned)
        .collect();
    assert!(missing.is_empty(), "not in config/lp2rc.toml: {missing:?}");
    assert!(given.contains_key("liveperson"));
}

#[test]
fn later_layers_win_and_the_dump_says_where_values_come_from() {
    let text = format!("{LEAST}\n[routing]\nhold_for = \"10s\"\n");
    let loaded = loaded(
        &text,
        &[
            ("LP2RC_ROUTING__HOLD_FOR", "20s"),
            ("LP2RC_LIVEPERSON__ACCOUNT", "99"),
            ("OTHER", "x"),
            // Of a Kubernetes Service called `lp2rc`.
            ("LP2RC_PORT", "tcp://10.0.0.1:3080"),
            ("LP2RC_PORT_3080_TCP_ADDR", "10.0.0.1"),
            ("LP2RC_SERVICE_HOST", "10.0.0.1"),
        ],
    )
    .unwrap();
    assert_eq!(loaded.config.routing.hold_for.as_secs(), 20);
    assert_eq!(loaded.config.liveperson.account, "99");
    let dump = loaded.dump();
    assert!(
        dump.contains("hold_for = \"20s\"  # LP2RC_ROUTING__HOLD_FOR"),
        "{dump}"
    );
    assert!(
        dump.contains("stale_after = \"1m 30s\"  # default"),
        "{dump}"
    );
}

#[test]
fn a_secret_never_shows() {
    let text = format!("{LEAST}password = \"hunter2\"\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    std::fs::write(&file, text).unwrap();
    let loaded = load(&Layers {
        file: Some(file),
        ..Layers::default()
    })
    .unwrap();
    let shown = format!("{} {loaded:?} {:?}", loaded.dump(), loaded.config);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(loaded.dump().contains("password = \"*****\""));
}

/// What is typed, and two pieces of the sentence it gets.
type Mistake = (String, &'static str, &'static str);

fn mistakes_of_form() -> Vec<Mistake> {
    vec![
        (String::new(), "`liveperson.account`", "is missing"),
        (
            "[liveperson]\naccount = 5\nusername = \"b\"\n".to_owned(),
            "`liveperson.account`",
            "string",
        ),
        (
            format!("{LEAST}colour = \"red\"\n"),
            "`liveperson.colour`",
            "is not a setting",
        ),
        (
            format!("{LEAST}[nowhere]\nx = 1\n"),
            "`nowhere`",
            "is not a setting",
        ),
        (
            format!("{LEAST}[schedule]\ncron = \"* * * * *\"\n"),
            "`schedule.cron`",
            "six fields",
        ),
        (
            format!("{LEAST}[schedule]\ncron = \"0 61 * * * *\"\n"),
            "`schedule.cron`",
            "not a cron",
        ),
        (
            format!("{LEAST}[schedule]\ncron = \"* * * * * *\"\nevery = \"5s\"\n"),
            "`schedule.cron`",
            "keep one",
        ),
        (
            format!("{LEAST}[schedule]\nevery = \"soon\"\n"),
            "`schedule.every`",
            "not a duration",
        ),
        (
            format!("{LEAST}[schedule]\nevery = \"1ms\"\n"),
            "`schedule.every`",
            "at least 100ms",
        ),
    ]
}

fn mistakes_of_meaning() -> Vec<Mistake> {
    vec![
        (
            format!("{LEAST}[routing]\npolicy = \"best\"\n"),
            "`routing.policy`",
            "must be",
        ),
        (
            format!("{LEAST}[routing]\nagent_next_share = 0\n"),
            "`routing.agent_next_share`",
            "1 to 100",
        ),
        (
            format!("{LEAST}[api]\nlisten = \"here\"\n"),
            "`api.listen`",
            "not an address",
        ),
        (
            format!("{LEAST}[api]\ntrusted_proxies = [\"proxy\"]\n"),
            "`api.trusted_proxies`",
            "10.0.0.0/8",
        ),
        (
            format!("{LEAST}discovery_url = \"http://api.liveperson.net\"\n"),
            "`liveperson.discovery_url`",
            "https://",
        ),
        (
            format!("{LEAST}password = \"x\"\n"),
            "`liveperson.password`",
            "given twice",
        ),
        (
            format!("{LEAST}[log]\nlevel = \"lp2rc=loud\"\n"),
            "`log.level`",
            "not a level",
        ),
        (
            format!("{LEAST}password = 20261121\n"),
            "`liveperson.password`",
            "text in quotes",
        ),
        (
            format!("{LEAST}discovery_url = \"https://me:hunter2@api.liveperson.net\"\n"),
            "`liveperson.discovery_url`",
            "must not carry",
        ),
        (
            format!("{LEAST}[schedule]\ncron = \"0 0 0 30 2 *\"\n"),
            "`schedule.cron`",
            "never comes",
        ),
        (
            format!("{LEAST}[schedule]\nevery = \"15s\"\noverdue_after = \"15s\"\n"),
            "`schedule.overdue_after`",
            "longer than 15s",
        ),
        (
            format!("{LEAST}[api]\nlisten = \"127.0.0.1:3081\"\n"),
            "`operations.listen`",
            "one each",
        ),
        (
            format!("{LEAST}{TARGET}missing_email = \"skip\"\npolicy = \"snyc\"\n"),
            "`migrate.policy`",
            "`snyc` is none of \"observe\"",
        ),
        (
            format!(
                "{LEAST}{TARGET}policy = \"sync\"\nlogin = \"sso\"\nmissing_email = \"skipp\"\n"
            ),
            "`migrate.missing_email`",
            "`skipp` is none of",
        ),
        (
            format!("{LEAST}[state]\ncounters_every = \"0s\"\n"),
            "`state.counters_every`",
            "at least",
        ),
        (
            format!("{LEAST}total_timeout = \"0s\"\n"),
            "`liveperson.total_timeout`",
            "at least",
        ),
        (format!("{LEAST}[routing"), "not valid TOML", "line 4"),
    ]
}

fn mistakes_about_the_source() -> Vec<Mistake> {
    vec![
        (
            format!("{LEAST}session_idle = \"1h\"\n"),
            "`liveperson.session_idle`",
            "at most",
        ),
        (
            format!("{LEAST}[log]\nlevel = \"warning\"\n"),
            "`log.level`",
            "not a level",
        ),
        (
            format!("{LEAST}[liveperson.retry]\nquick = [\"1ms\"]\n"),
            "`liveperson.retry.quick`",
            "at least 100ms",
        ),
        (
            format!("{LEAST}[liveperson.retry]\nslow = \"9m\"\n"),
            "`liveperson.retry.slow_max`",
            "shorter than",
        ),
        (
            format!("{LEAST}[liveperson.retry]\nreplaced_losses = 1\n"),
            "`liveperson.retry.replaced_losses`",
            "at least 2",
        ),
        (
            format!("{LEAST}[liveperson.filters]\nskill = \" \"\n"),
            "`liveperson.filters.skill`",
            "is empty",
        ),
        (
            format!("{LEAST}[schedule]\ndeadline = \"30s\"\n"),
            "`schedule.deadline`",
            "longer than",
        ),
        (
            format!("{LEAST}body_limit_mib = 17592186044416\n"),
            "`liveperson.body_limit_mib`",
            "1 to 4096",
        ),
    ]
}

#[test]
fn each_mistake_gets_one_sentence_that_names_key_and_place() {
    let mistakes = [
        mistakes_of_form(),
        mistakes_of_meaning(),
        mistakes_about_the_source(),
    ];
    for (text, place, why) in mistakes.into_iter().flatten() {
        let error = loaded(&text, &[]).unwrap_err().to_string();
        assert!(
            error.contains(place) && error.contains(why),
            "{text}\n -> {error}"
        );
        assert!(!error.contains('\n'), "one sentence: {error}");
        for secret in ["20261121", "hunter2"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
}

/// Loads `text` with a credential directory that holds `pass`.
fn with_credentials(text: &str) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("pass"), "from-systemd\n").unwrap();
    let directory = folder.path().display().to_string();
    load(&Layers {
        file: Some(file),
        variables: vec![("CREDENTIALS_DIRECTORY".to_owned(), directory)],
        flags: Vec::new(),
    })
}

#[test]
fn a_secret_comes_from_exactly_one_of_its_places() {
    let shown = |credentials: &Credentials| match credentials {
        Credentials::Password(password) => format!("password {}", password.expose_secret()),
        Credentials::Client { id, secret } => format!("client {id} {}", secret.expose_secret()),
    };
    let good = [
        ("password = \"inline\"", "password inline"),
        ("password_credential = \"pass\"", "password from-systemd"),
        (
            "client_id = \"me\"\nclient_secret = \"inline\"",
            "client me inline",
        ),
        (
            "client_id = \"me\"\nclient_secret_credential = \"pass\"",
            "client me from-systemd",
        ),
    ];
    for (typed, expect) in good {
        let loaded = with_credentials(&format!("{LEAST}{typed}\n")).unwrap();
        assert_eq!(shown(&loaded.config.liveperson.credentials), expect);
        let told = format!("{} {:?}", loaded.dump(), loaded.config);
        assert!(
            !told.contains("inline") && !told.contains("from-systemd"),
            "{told}"
        );
    }
    let bad = [
        ("", "`liveperson.password`", "is missing"),
        (
            "password = \"x1x\"\npassword_credential = \"pass\"",
            "`liveperson.password`",
            "given twice",
        ),
        (
            "password_file = \"no/such\"",
            "`liveperson.password_file`",
            "cannot read",
        ),
        (
            "password_credential = \"../pass\"",
            "`liveperson.password_credential`",
            "the name of one",
        ),
        (
            "password_credential = \"other\"",
            "`liveperson.password_credential`",
            "cannot read",
        ),
        (
            "password = \"\"",
            "`liveperson.password`",
            "holds no secret",
        ),
        (
            "client_secret = \"x1x\"",
            "`liveperson.client_id`",
            "is missing beside",
        ),
        (
            "client_id = \"me\"",
            "`liveperson.client_secret`",
            "is missing",
        ),
        (
            "client_id = \"me\"\nclient_secret = \"x1x\"\npassword = \"x1x\"",
            "`liveperson.client_id`",
            "keep one of the two",
        ),
        (
            "client_id = \"me\"\nclient_secret = 5",
            "`liveperson.client_secret`",
            "text in quotes",
        ),
    ];
    for (typed, place, why) in bad {
        let error = with_credentials(&format!("{LEAST}{typed}\n")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains(place) && error.contains(why),
            "{typed}: {error}"
        );
        assert!(!error.contains("x1x"), "{error}");
    }
    // Outside systemd the directory is not there.
    let text = format!("{LEAST}password_credential = \"pass\"\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    std::fs::write(&file, text).unwrap();
    let layers = Layers {
        file: Some(file),
        ..Layers::default()
    };
    let error = load(&layers).unwrap_err().to_string();
    assert!(error.contains("LoadCredential="), "{error}");
}

#[test]
fn a_missing_file_says_what_to_do() {
    let layers = Layers {
        file: Some(PathBuf::from("no/such.toml")),
        ..Layers::default()
    };
    let error = load(&layers).unwrap_err().to_string();
    assert!(
        error.contains("no/such.toml") && error.contains("--config"),
        "{error}"
    );
}

#[test]
fn the_next_runs_of_a_cron_expression_are_shown_in_utc() {
    let loaded = loaded(
        &format!("{LEAST}[schedule]\ncron = \"0 */5 * * * *\"\n"),
        &[],
    )
    .unwrap();
    let now = lp2rc::domain::Timestamp::from_millis(1_331_544_926_464);
    let runs: Vec<_> = loaded
        .config
        .schedule
        .next_runs(now, 2)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        runs,
        ["2012-03-12T09:40:00.000Z", "2012-03-12T09:45:00.000Z"]
    );
    // 09:45:00 is the second run after 09:35:26.
    assert_eq!(loaded.config.schedule.overdue_after(now).as_secs(), 574);
}

#[test]
fn a_night_without_runs_is_not_taken_for_a_dead_trigger() {
    let text = format!("{LEAST}[schedule]\ncron = \"0 0,30 8-17 * * *\"\njitter = \"0s\"\n");
    let schedule = loaded(&text, &[]).unwrap().config.schedule;
    let at = |hour: i64, minute: i64| {
        lp2rc::domain::Timestamp::from_millis((hour * 60 + minute) * 60_000)
    };
    // The second run after the last poll: 9:30, and the day after's 8:30.
    assert_eq!(schedule.overdue_after(at(8, 30)).as_secs(), 60 * 60);
    assert_eq!(schedule.overdue_after(at(17, 30)).as_secs(), 15 * 60 * 60);
}
