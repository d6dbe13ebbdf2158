//! Words of the stored form, apart from those of `domain`.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Owner,
    change::{Effect, Phase},
    moving::{Login, Origin},
};

/// A word for each value of a domain enum, both ways.
macro_rules! words {
    ($name:ident for $domain:ident: $($word:ident),+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name {
            $($word),+
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value {
                    $($domain::$word => Self::$word),+
                }
            }
        }

        impl From<$name> for $domain {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$word => Self::$word),+
                }
            }
        }
    };
}

words!(OwnerWord for Owner: Source, Target, Both);
words!(PhaseWord for Phase: Settings, Users, Roles, Departments, Membership, Limits, CutOver, Connect);
words!(EffectWord for Effect: Create, Update, Remove, Open, Close);
words!(LoginWord for Login: Sso, ResetMail, RequireChange);
words!(OriginWord for Origin: Created, Adopted);
