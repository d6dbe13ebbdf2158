//! Who works here: names, skills and groups, and how an agent is made up from dice.

use fastrand::Rng;

use crate::domain::{Capacity, Presence};

/// An agent as the simulated account holds him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimAgent {
    /// Agent id, unique in the account.
    pub id: u64,
    /// Login name, unique in the account.
    pub login: String,
    /// Name shown to visitors.
    pub nickname: String,
    /// E-mail address; some have none.
    pub email: Option<String>,
    /// Chat state.
    pub presence: Presence,
    /// Voice state.
    pub voice: Presence,
    /// Id of the reason given for the chat state: what the filter `chatReasonId` looks at.
    pub reason: Option<u32>,
    /// Chats allowed at once.
    pub capacity: Capacity,
    /// Chats being handled now.
    pub chats: u32,
    /// Ids of [`SKILLS`], ascending.
    pub skills: Vec<u32>,
    /// Index in [`GROUPS`].
    pub group: usize,
    /// Privilege group.
    pub privilege: &'static str,
}

impl SimAgent {
    /// An agent called `name`: online, three chats at once, no chat, no skill, in the main group.
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            login: name.to_owned(),
            nickname: name.to_owned(),
            email: None,
            presence: Presence::Online,
            voice: Presence::Offline,
            reason: None,
            capacity: Capacity::Limited(3),
            chats: 0,
            skills: Vec::new(),
            group: 0,
            privilege: "agents",
        }
    }

    /// Whether another state of the same agent looks the same in the account configuration.
    pub(super) fn is_static_same(&self, other: &Self) -> bool {
        let moving = Self {
            presence: self.presence,
            voice: self.voice,
            reason: self.reason,
            chats: self.chats,
            ..other.clone()
        };
        *self == moving
    }

    /// The limit as LivePerson writes it: -1 is unlimited.
    pub(super) fn capacity_number(&self) -> i64 {
        match self.capacity {
            Capacity::Unlimited => -1,
            Capacity::Limited(limit) => i64::from(limit),
        }
    }

    /// Whether a new chat would find room here.
    pub fn is_free(&self) -> bool {
        self.presence == Presence::Online && self.capacity.has_room(self.chats)
    }
}

/// Skills that an account may have: id and name. It has the first [`SimConfig::skills`] of them.
///
/// [`SimConfig::skills`]: super::SimConfig::skills
pub const SKILLS: [(u32, &str); 40] = [
    (2, "Sales"),
    (4, "Billing"),
    (7, "Support"),
    (11, "Returns"),
    (12, "Orders & Delivery"),
    (19, "Technical"),
    (23, "VIP"),
    (42, "Español"),
    (57, "Deutsch"),
    (101, "Complaints"),
    (137, "Retention"),
    (20_480, "Night shift"),
    (30_000, "Loyalty"),
    (30_007, "Invoices"),
    (30_014, "Refunds"),
    (30_021, "Warranty"),
    (30_028, "Repairs"),
    (30_035, "Spare parts"),
    (30_042, "Installation"),
    (30_049, "Returns desk"),
    (30_056, "Fraud"),
    (30_063, "Security"),
    (30_070, "Mobile"),
    (30_077, "Broadband"),
    (30_084, "Television"),
    (30_091, "Roaming"),
    (30_098, "Business"),
    (30_105, "Public sector"),
    (30_112, "Partners"),
    (30_119, "Press"),
    (30_126, "Events"),
    (30_133, "Gift cards"),
    (30_140, "Subscriptions"),
    (30_147, "Payments"),
    (30_154, "Claims"),
    (30_161, "Travel"),
    (30_168, "Français"),
    (30_175, "Italiano"),
    (30_182, "Nederlands"),
    (30_189, "Polski"),
];

/// Agent groups of the account: id and name. The root group is -1.
pub const GROUPS: [(i32, &str); 5] = [
    (-1, "Main Group"),
    (101, "Europe"),
    (102, "Americas"),
    (103, "Asia-Pacific"),
    (104, "Back office"),
];

const PRIVILEGES: [&str; 8] = [
    "agents",
    "agents",
    "agents",
    "agents",
    "agents",
    "agents",
    "agent managers",
    "administrators",
];

/// First names, and how they are spelt in a login.
const FIRST: [(&str, &str); 32] = [
    ("Anna", "anna"),
    ("Ben", "ben"),
    ("Chloé", "chloe"),
    ("David", "david"),
    ("Elif", "elif"),
    ("Frank", "frank"),
    ("Grace", "grace"),
    ("Hiroshi", "hiroshi"),
    ("Ines", "ines"),
    ("José", "jose"),
    ("Karin", "karin"),
    ("Łukasz", "lukasz"),
    ("Maria", "maria"),
    ("Noah", "noah"),
    ("Olga", "olga"),
    ("Priya", "priya"),
    ("Quentin", "quentin"),
    ("Rosa", "rosa"),
    ("Søren", "soren"),
    ("Tom", "tom"),
    ("Ute", "ute"),
    ("Victor", "victor"),
    ("Wendy", "wendy"),
    ("Xavier", "xavier"),
    ("Yusuf", "yusuf"),
    ("Zoë", "zoe"),
    ("Мария", "mariya"),
    ("健太", "kenta"),
    ("Ayşe", "ayse"),
    ("Liam", "liam"),
    ("Mei", "mei"),
    ("Sam", "sam"),
];

const LAST: [(&str, &str); 32] = [
    ("Adams", "adams"),
    ("Becker", "becker"),
    ("Costa", "costa"),
    ("Dubois", "dubois"),
    ("Evans", "evans"),
    ("Fischer", "fischer"),
    ("García", "garcia"),
    ("Hansen", "hansen"),
    ("Ivanov", "ivanov"),
    ("Jensen", "jensen"),
    ("Kaya", "kaya"),
    ("Lopez", "lopez"),
    ("Müller", "mueller"),
    ("Nowak", "nowak"),
    ("O'Neil", "oneil"),
    ("Patel", "patel"),
    ("Quinn", "quinn"),
    ("Rossi", "rossi"),
    ("Smith", "smith"),
    ("Tanaka", "tanaka"),
    ("Usman", "usman"),
    ("Virtanen", "virtanen"),
    ("Wójcik", "wojcik"),
    ("Xu", "xu"),
    ("Young", "young"),
    ("Zhang", "zhang"),
    ("Sato", "sato"),
    ("Brown", "brown"),
    ("Silva", "silva"),
    ("Nguyen", "nguyen"),
    ("Lindqvist", "lindqvist"),
    ("Weiß", "weiss"),
];

/// Every pair of names once, before a number is added.
const PAIRS: usize = FIRST.len() * LAST.len();

/// Makes up the agent with place `index` in the account. Same dice, same agent.
///
/// Logins: half `first.last`, a quarter like `flast` with the index, a quarter e-mail addresses.
/// One in ten has no e-mail. Nicknames carry accents, other scripts, `&`, quotes and, one in 64,
/// nothing but digits: JSON made from XML may lose those quotes (contract §4.5).
pub(super) fn born(index: usize, id: u64, dice: &mut Rng, skills: usize) -> SimAgent {
    // 389 shares no factor with the number of pairs: every pair comes once before any repeats.
    let pair = (index * 389) % PAIRS;
    let (first, first_plain) = FIRST[pair % FIRST.len()];
    let (last, last_plain) = LAST[pair / FIRST.len()];
    let number = match index / PAIRS {
        0 => String::new(),
        round => (round + 1).to_string(),
    };
    let address = format!("{first_plain}.{last_plain}{number}@example.com");
    let login = match dice.u8(0..4) {
        0 | 1 => format!("{first_plain}.{last_plain}{number}"),
        2 => format!("{}{last_plain}_{index}", &first_plain[..1]),
        _ => address.clone(),
    };
    let nickname = match dice.u8(0..64) {
        0 => format!("{:03}", index % 1_000),
        1..8 => format!("{first} \"{last}\" & <team>"),
        8..24 => format!("{first} {last}"),
        _ => first.to_owned(),
    };
    let email = (dice.u8(0..10) > 0).then_some(address);
    // The very first one is always there and free, so that even a world of one can answer.
    let presence = match dice.u8(0..100) {
        _ if index == 0 => Presence::Online,
        0..80 => Presence::Online,
        80..87 => Presence::Away,
        87..93 => Presence::Occupied,
        _ => Presence::Offline,
    };
    let capacity = match dice.u8(0..32) {
        _ if index == 0 => Capacity::Limited(4),
        0..5 => Capacity::Unlimited,
        5 => Capacity::Limited(0),
        _ => Capacity::Limited(dice.u32(1..=6)),
    };
    let chats = match (presence, capacity) {
        (Presence::Offline | Presence::Unknown, _) => 0,
        (_, Capacity::Unlimited) => dice.u32(0..=3),
        (_, Capacity::Limited(limit)) => dice.u32(0..=limit.div_ceil(2)),
    };
    SimAgent {
        id,
        login,
        nickname,
        email,
        presence,
        voice: if dice.u8(0..8) == 0 {
            Presence::Online
        } else {
            Presence::Offline
        },
        reason: (presence == Presence::Away).then(|| dice.u32(1..=4)),
        capacity,
        chats,
        skills: skills_of(dice, skills),
        group: dice.usize(0..GROUPS.len()),
        privilege: PRIVILEGES[dice.usize(0..PRIVILEGES.len())],
    }
}

/// One to three skills, one in twenty none; small ids are had more often.
fn skills_of(dice: &mut Rng, known: usize) -> Vec<u32> {
    let wanted = match dice.u8(0..20) {
        0 => 0,
        1..10 => 1,
        10..16 => 2,
        _ => 3,
    };
    let mut skills: Vec<u32> = (0..wanted)
        .map(|_| SKILLS[dice.usize(0..known).min(dice.usize(0..known))].0)
        .collect();
    skills.sort_unstable();
    skills.dedup();
    skills
}

/// The name of a skill of the account.
pub(super) fn skill_name(id: u32) -> Option<&'static str> {
    SKILLS
        .iter()
        .find(|skill| skill.0 == id)
        .map(|skill| skill.1)
}
