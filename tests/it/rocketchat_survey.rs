//! What the client sees of the simulated workspace, release by release, and the refusals that only a
//! workspace as a whole can give.

use lp2rc::{
    domain::{
        Write,
        change::{NewDepartment, Profile},
        target::{Seats, SettingValue},
    },
    ports::{Target, TargetFault},
    sim::rocketchat::{
        Behaviour, BusinessHours, Edition, RateLimit, SimConfig, SimUser, TwoFactor, Version,
    },
};
use serde_json::json;

use crate::rocketchat_sim::{VERSIONS, fields, new_user, pair};

#[tokio::test]
async fn a_survey_shows_the_workspace_as_it_is() {
    for version in VERSIONS {
        let pair = pair(SimConfig {
            version,
            users: 230,
            seats: Some(500),
            ..SimConfig::default()
        })
        .await;
        let world = pair.sim.world();
        let ada = pair.agent("ada");
        let custom = json!({ "lpAgentId": "7", "level": 3 });
        world.change_user("ada", |user| {
            user.custom_fields = custom.as_object().cloned();
            user.livechat = json!({ "maxNumberSimultaneousChat": "3" })
                .as_object()
                .cloned();
        });
        assert!(world.set_presence("ada", "online"));
        for number in 0..120 {
            pair.department(&format!("Department {number}"));
        }
        let (sales, old) = (pair.department("Sales"), pair.department("Old"));
        world.add_member("ada", "Sales", (12, 1));
        let close = Write::CloseDepartment {
            department: old.clone(),
        };
        pair.client.write(&close).await.unwrap();
        pair.sim.clear_log();

        let actual = pair.client.survey().await.unwrap();
        let seen: Vec<_> = actual.users().iter().map(|user| user.id.as_str()).collect();
        let mut there: Vec<_> = world.users().into_iter().map(|user| user.id).collect();
        there.sort();
        assert_eq!(seen, there, "{version:?}");
        let user = actual.user(ada.id.as_ref().unwrap()).unwrap();
        assert_eq!(user.custom_fields, fields("7"));
        assert_eq!(user.emails[0].address, "ada@example.com");
        assert_eq!(user.roles, ["livechat-agent", "user"]);
        assert!(user.active && user.person);
        let agent = user.agent.as_ref().unwrap();
        assert_eq!(
            (agent.available, agent.connected, agent.limit),
            (true, true, Some(3))
        );
        assert_eq!(
            actual
                .users()
                .iter()
                .filter(|user| user.agent.is_some())
                .count(),
            1
        );
        assert!(actual.users().iter().any(|user| !user.person));
        assert_eq!(actual.departments().len(), 122);
        let old = actual.department(old.id.as_ref().unwrap()).unwrap();
        assert!(old.archived && !old.enabled);
        let members = actual.memberships();
        assert_eq!(members.len(), 1);
        assert_eq!(Some(&members[0].department), sales.id.as_ref());
        assert_eq!((members[0].count, members[0].order), (12, 1));
        // Nothing is written, and nothing deprecated is sent.
        assert_eq!(pair.sim.writes(), []);
        for call in pair.sim.log() {
            assert_eq!(call.method, "GET");
            let deprecated = |(name, _): &(String, String)| name == "query" || name == "fields";
            assert!(!call.query.iter().any(deprecated), "{call:?}");
        }
    }
}

#[tokio::test]
async fn what_the_workspace_is_and_lets_us_do_is_told() {
    for (version, full) in [
        (Version::V6, "6.13.1"),
        (Version::V7, "7.10.3"),
        (Version::V8, "8.5.2"),
    ] {
        let admin = pair(SimConfig {
            version,
            seats: Some(50),
            ..SimConfig::default()
        })
        .await;
        let able = admin.client.capabilities().await.unwrap();
        assert_eq!(able.version.to_string(), full);
        assert_eq!(able.me.as_str(), admin.sim.user_id());
        assert_eq!(
            (able.my_username.as_str(), able.rate_limited),
            ("bridge", false)
        );
        assert_eq!(able.missing_rights, Some(vec![]));
        let people = admin.sim.world().users().into_iter();
        let used = people.filter(SimUser::takes_seat).count();
        let used = u64::try_from(used).unwrap();
        assert_eq!(
            able.seats,
            Some(Seats {
                limit: Some(50),
                used
            }),
            "{version:?}"
        );
        assert_eq!(able.paid_omnichannel, Some(true));
        assert_eq!(able.may_create_departments, Some(true));
        assert_eq!(able.text("Livechat_Routing_Method"), Some("Auto_Selection"));
        assert_eq!(able.flag("Livechat_webhook_on_start"), Some(false));
        let timeout = able.settings.get("Livechat_http_timeout");
        assert_eq!(timeout, Some(&SettingValue::Number(5_000)));
        assert!(able.roles.unwrap().contains(&"livechat-agent".to_owned()));

        let poor = pair(SimConfig {
            version,
            edition: Edition::Community,
            roles: vec!["user".to_owned(), "livechat-manager".to_owned()],
            rate_limit: None,
            ..SimConfig::default()
        })
        .await;
        poor.department("Only");
        let able = poor.client.capabilities().await.unwrap();
        let missing = able.missing_rights.unwrap();
        assert!(missing.contains(&"create-user".to_owned()), "{missing:?}");
        assert!(!missing.contains(&"view-livechat-manager".to_owned()));
        assert_eq!((able.seats, able.paid_omnichannel), (None, None));
        assert_eq!(able.may_create_departments, Some(false));
        assert!(able.settings.is_empty());
    }
}

#[tokio::test]
async fn who_is_counted_is_told_so() {
    let pair = pair(SimConfig {
        bypass: false,
        rate_limit: Some(RateLimit {
            calls: 100,
            window: std::time::Duration::from_secs(60),
        }),
        ..SimConfig::default()
    })
    .await;
    assert!(pair.client.capabilities().await.unwrap().rate_limited);
}

#[tokio::test]
async fn a_second_factor_and_closed_hours_are_told_as_such() {
    for version in VERSIONS {
        let pair = pair(SimConfig {
            version,
            bypass_two_factor: false,
            behaviour: Behaviour {
                two_factor: TwoFactor::Totp,
                business_hours: BusinessHours::Closed,
                ..Behaviour::default()
            },
            ..SimConfig::default()
        })
        .await;
        let ada = pair.agent("ada");
        let set = Profile {
            name: Some("Ada".to_owned()),
            ..Profile::default()
        };
        let update = Write::UpdateUser {
            user: ada.clone(),
            set,
            was: Profile::default(),
        };
        let error = pair.client.write(&update).await.unwrap_err();
        assert_eq!(error.fault, TargetFault::SecondFactor);
        assert!(error.fault.stops_everything());
        let create = pair
            .client
            .write(&Write::CreateUser(new_user("carol")))
            .await;
        let expect = (version == Version::V8).then_some(TargetFault::SecondFactor);
        assert_eq!(create.err().map(|error| error.fault), expect, "{version:?}");
        let status = |available| Write::SetAvailability {
            user: ada.clone(),
            available,
            was: !available,
        };
        pair.client.write(&status(false)).await.unwrap();
        let error = pair.client.write(&status(true)).await.unwrap_err();
        assert_eq!(error.fault, TargetFault::NotDone);
        assert_eq!(pair.client.holds(&status(true)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_full_licence_and_a_single_department_are_told_as_such() {
    let pair = pair(SimConfig {
        edition: Edition::Community,
        seats: Some(1),
        ..SimConfig::default()
    })
    .await;
    let error = pair
        .client
        .write(&Write::CreateUser(new_user("carol")))
        .await;
    assert_eq!(error.unwrap_err().fault, TargetFault::NoSeat);
    let create = |name: &str| {
        Write::CreateDepartment(NewDepartment {
            name: name.to_owned(),
            email: "d@example.org".to_owned(),
            show_on_registration: true,
        })
    };
    pair.client.write(&create("One")).await.unwrap();
    let error = pair.client.write(&create("Two")).await.unwrap_err();
    assert_eq!(error.fault, TargetFault::Refused);
    assert!(
        error.what.contains("licence allows no further department"),
        "{error}"
    );
}
