//! Who is who in the target, and how somebody new gets a name.

use std::{collections::HashSet, sync::Arc};

use super::{
    derive::{Kind, derive_id},
    username,
};
use crate::domain::{AccountId, Identity, SourceAgent, SourceId, TargetId, rules::UsernameRules};

/// Everybody who ever got a name, by source id, with the names that are taken. Cheap to clone.
///
/// Nobody is ever taken out: an agent who comes back after years finds the old name.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_source: Vec<Arc<Identity>>,
    /// In lower case: the target compares names without regard to case (admin contract §2.2).
    taken: HashSet<Arc<str>>,
}

impl Identities {
    /// From what the store kept, in any order; of two with one source id the first stays.
    #[must_use]
    pub fn new(mut identities: Vec<Arc<Identity>>) -> Self {
        identities.sort_by(|a, b| a.source_id.cmp(&b.source_id));
        identities.dedup_by(|later, first| later.source_id == first.source_id);
        let taken = identities.iter().map(|one| folded(&one.username)).collect();
        Self {
            inner: Arc::new(Inner {
                by_source: identities,
                taken,
            }),
        }
    }

    /// All of them, by source id.
    #[must_use]
    pub fn all(&self) -> &[Arc<Identity>] {
        &self.inner.by_source
    }

    /// Who the agent is in the target.
    #[must_use]
    pub fn get(&self, id: &SourceId) -> Option<&Arc<Identity>> {
        let list = self.all();
        let place = list.binary_search_by(|one| one.source_id.cmp(id)).ok()?;
        Some(&list[place])
    }

    /// Whether the name, in lower case, belongs to somebody.
    fn has(&self, folded: &str) -> bool {
        self.inner.taken.contains(folded)
    }

    /// These with some replaced, or added, by source id. Names that nobody has any more are free.
    #[must_use]
    pub fn amended(&self, changed: &[Arc<Identity>]) -> Self {
        // The changed ones first: of two with one source id the first stays.
        let all = changed.iter().chain(self.all());
        Self::new(all.cloned().collect())
    }

    /// These and some more, none of whom is known yet.
    pub(super) fn with(&self, new: &[Arc<Identity>]) -> Self {
        if new.is_empty() {
            return self.clone();
        }
        // Two sorted runs: the stable sort merges them in linear time.
        let mut by_source = Vec::with_capacity(self.all().len() + new.len());
        by_source.extend(self.all().iter().cloned());
        by_source.extend(new.iter().cloned());
        by_source.sort_by(|a, b| a.source_id.cmp(&b.source_id));
        let mut taken = self.inner.taken.clone();
        taken.extend(new.iter().map(|one| folded(&one.username)));
        Self {
            inner: Arc::new(Inner { by_source, taken }),
        }
    }
}

/// Gives names to the new agents of one batch. They must come in the order of their source ids:
/// of several who want the same free name, the first one gets it.
pub(super) struct Registrar<'a> {
    known: &'a Identities,
    rules: &'a UsernameRules,
    account: &'a AccountId,
    taken_now: HashSet<Arc<str>>,
    new: Vec<Arc<Identity>>,
}

impl<'a> Registrar<'a> {
    pub(super) fn new(
        known: &'a Identities,
        rules: &'a UsernameRules,
        account: &'a AccountId,
    ) -> Self {
        Self {
            known,
            rules,
            account,
            taken_now: HashSet::new(),
            new: Vec::new(),
        }
    }

    /// An identity for an agent without one: the name made from the login, or with a suffix when
    /// that is reserved or belongs to somebody else. It is for ever: a login that is renamed later
    /// does not rename the user, because people and rooms of the target refer to that name.
    pub(super) fn introduce(&mut self, agent: &SourceAgent) -> Arc<Identity> {
        let id = derive_id(self.account, Kind::Agent, agent.id.as_str());
        let base = username::base(agent.login.as_deref(), agent.id.as_str(), self.rules);
        let mut username = base.clone();
        let mut attempt = 0;
        while !self.is_free(&folded(&username)) {
            username = suffixed(&base, &id, attempt);
            attempt += 1;
        }
        self.taken_now.insert(folded(&username));
        let identity = Arc::new(Identity {
            source_id: agent.id.clone(),
            target_id: TargetId::new(id),
            username,
            formerly: None,
        });
        self.new.push(Arc::clone(&identity));
        identity
    }

    fn is_free(&self, folded: &str) -> bool {
        !username::is_reserved(folded)
            && !self.known.has(folded)
            && !self.taken_now.contains(folded)
    }

    /// The new ones, by source id.
    pub(super) fn finish(self) -> Vec<Arc<Identity>> {
        self.new
    }
}

/// Characters of the shortest suffix: more than 30^4 values, so that a second collision is rare.
const SUFFIX: usize = 4;

/// The name with ever more of the agent's own derived id, then with numbers: it never repeats.
fn suffixed(base: &str, id: &str, attempt: usize) -> String {
    let tail = id.to_ascii_lowercase();
    match tail.get(..SUFFIX + attempt) {
        Some(some) => format!("{base}-{some}"),
        None => format!("{base}-{tail}-{attempt}"),
    }
}

/// Whether the name ends in the suffix that a taken name gets, so that collisions can be counted
/// without keeping a mark.
pub(super) fn has_suffix(identity: &Identity, account: &AccountId) -> bool {
    let Some((_, suffix)) = identity.username.rsplit_once('-') else {
        return false;
    };
    suffix.len() >= SUFFIX
        && derive_id(account, Kind::Agent, identity.source_id.as_str())
            .to_ascii_lowercase()
            .starts_with(suffix)
}

fn folded(name: &str) -> Arc<str> {
    Arc::from(name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::cases::agent;

    fn account() -> AccountId {
        AccountId::new("12345678")
    }

    /// Names for new agents (id, login) beside known people (id, username).
    fn names(known: &[(&str, &str)], new: &[(&str, &str)], rules: &UsernameRules) -> Vec<String> {
        let known = known.iter().map(|(id, username)| {
            Arc::new(Identity {
                source_id: SourceId::new(*id),
                target_id: TargetId::new(format!("target-{id}")),
                username: (*username).to_owned(),
                formerly: None,
            })
        });
        let (known, account) = (Identities::new(known.collect()), account());
        let mut registrar = Registrar::new(&known, rules, &account);
        new.iter()
            .map(|(id, login)| registrar.introduce(&agent(id, login)).username.clone())
            .collect()
    }

    /// The first characters of the derived id in lower case.
    fn tail(id: &str, length: usize) -> String {
        let id = derive_id(&account(), Kind::Agent, id).to_ascii_lowercase();
        id[..length].to_owned()
    }

    #[test]
    fn a_taken_name_gets_a_suffix_that_is_the_same_everywhere() {
        let plain = UsernameRules::default();
        let exact = UsernameRules {
            lower_case: false,
            ..plain.clone()
        };
        let (two, three) = (tail("2", 4), tail("3", 4));
        let cases: [(&str, &[_], &[_], _, &[&str]); 7] = [
            ("free", &[], &[("2", "ada")], &plain, &["ada"]),
            (
                "taken",
                &[("1", "ada")],
                &[("2", "ada")],
                &plain,
                &[&format!("ada-{two}")],
            ),
            (
                "taken in another case",
                &[("1", "ADA")],
                &[("2", "Ada")],
                &exact,
                &[&format!("Ada-{two}")],
            ),
            (
                "several in one batch: the lowest id has the bare name",
                &[],
                &[("1", "ada"), ("2", "Ada@example.org"), ("3", "adá")],
                &plain,
                &["ada", &format!("ada-{two}"), &format!("ada-{three}")],
            ),
            (
                "the suffix is taken too",
                &[("0", "ada"), ("1", &format!("ada-{two}"))],
                &[("2", "ada")],
                &plain,
                &[&format!("ada-{}", tail("2", 5))],
            ),
            (
                "reserved",
                &[],
                &[("2", "Admin"), ("3", "rocket.cat")],
                &plain,
                &[&format!("admin-{two}"), &format!("rocket.cat-{three}")],
            ),
            (
                "reserved, though not with a prefix",
                &[],
                &[("2", "admin")],
                &UsernameRules {
                    prefix: "x-".to_owned(),
                    ..plain.clone()
                },
                &["x-admin"],
            ),
        ];
        for (name, known, new, rules, expect) in cases {
            assert_eq!(names(known, new, rules), expect, "{name}");
        }
    }

    #[test]
    fn suffixes_never_repeat() {
        let id = derive_id(&account(), Kind::Agent, "2");
        let names: HashSet<_> = (0..50)
            .map(|attempt| suffixed("ada", &id, attempt))
            .collect();
        assert_eq!(names.len(), 50);
    }

    #[test]
    fn a_suffix_is_recognised() {
        let identity = |username: String| Identity {
            source_id: SourceId::new("2"),
            target_id: TargetId::new("given-by-the-target"),
            username,
            formerly: None,
        };
        let cases = [
            ("ada".to_owned(), false),
            ("ada-lace".to_owned(), false),
            (format!("ada-{}", tail("2", 3)), false),
            (format!("ada-{}", tail("2", 4)), true),
            (format!("ada-{}", tail("2", 17)), true),
            (format!("ada-{}", tail("3", 4)), false),
        ];
        for (username, expect) in cases {
            let identity = identity(username);
            assert_eq!(
                has_suffix(&identity, &account()),
                expect,
                "{}",
                identity.username
            );
        }
    }

    #[test]
    fn more_identities_keep_the_order_and_the_old_allocations() {
        let known = Identities::new(vec![Arc::new(Identity {
            source_id: SourceId::new("2"),
            target_id: TargetId::new("t"),
            username: "Bob".to_owned(),
            formerly: None,
        })]);
        let account = account();
        let rules = UsernameRules::default();
        let mut registrar = Registrar::new(&known, &rules, &account);
        for (id, login) in [("1", "ada"), ("3", "bob")] {
            registrar.introduce(&agent(id, login));
        }
        let more = known.with(&registrar.finish());
        let ids: Vec<_> = more
            .all()
            .iter()
            .map(|one| one.source_id.as_str())
            .collect();
        assert_eq!(ids, ["1", "2", "3"]);
        assert!(Arc::ptr_eq(&more.all()[1], &known.all()[0]));
        assert!(more.has("ada") && more.has("bob"));
        assert_eq!(more.get(&SourceId::new("3")), Some(&more.all()[2]));
        assert_eq!(more.get(&SourceId::new("4")), None);
    }
}
