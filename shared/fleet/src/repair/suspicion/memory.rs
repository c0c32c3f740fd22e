//! Since when each thing is suspected: what is kept from one look to the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::{Discriminant, discriminant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Look, Suspicion};

/// How long after the first look a confirming look must be. Looks are five minutes apart, but a pass may
/// begin late, and two that run at once are one look.
pub const APART: SignedDuration = SignedDuration::from_mins(4);

/// Two looks further apart than this are not consecutive: what was between them is unknown.
pub const LONGEST_GAP: SignedDuration = SignedDuration::from_mins(30);

/// The most suspicions of one kind that are remembered. Six kinds of about 150 bytes each fill half of the
/// 400 KB that an item may have (DynamoDB: "Quotas"). What does not fit is suspected again at the next look,
/// so a flood of one kind never displaces another.
pub const ROOM: usize = 200;

/// What is suspected, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicions {
    /// All of them, in order.
    #[serde(default)]
    pub suspected: Vec<Suspected>,
    /// How often it was written; 0 if never.
    pub version: u64,
}

/// One suspicion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspected {
    /// What is suspected.
    pub what: Suspicion,
    /// When it was first suspected, in an unbroken series of looks.
    pub since: Timestamp,
    /// When it was last suspected.
    pub seen_at: Timestamp,
}

impl Suspicions {
    /// Records a look, and returns what it confirms.
    ///
    /// What was looked at and is no longer suspected is forgotten. If a source was not read completely,
    /// nothing of it is forgotten, and only what was seen all the same is confirmed. What is confirmed stays
    /// until a look no longer shows it, so a failed repair is made again.
    #[must_use = "what is confirmed is to be repaired"]
    pub fn take(&mut self, look: &Look, now: Timestamp) -> BTreeSet<Suspicion> {
        let known = std::mem::take(&mut self.suspected);
        let is_row = |suspected: &Suspected| now.duration_since(suspected.seen_at) <= LONGEST_GAP;
        let mut kept: BTreeMap<Suspicion, Suspected> =
            known.into_iter().filter(is_row).map(|suspected| (suspected.what.clone(), suspected)).collect();
        kept.retain(|what, _| look.suspects.contains(what) || !look.saw.contains(&what.source()));

        let mut taken: HashMap<Discriminant<Suspicion>, usize> = HashMap::new();
        for what in kept.keys() {
            *taken.entry(discriminant(what)).or_default() += 1;
        }
        for what in &look.suspects {
            if let Some(suspected) = kept.get_mut(what) {
                suspected.seen_at = now;
                continue;
            }
            let of_kind = taken.entry(discriminant(what)).or_default();
            if *of_kind < ROOM {
                *of_kind += 1;
                kept.insert(what.clone(), Suspected { what: what.clone(), since: now, seen_at: now });
            }
        }
        let is_confirmed = |suspected: &&Suspected| {
            look.suspects.contains(&suspected.what)
                && now.duration_since(suspected.since) >= suspected.what.patience()
        };
        let confirmed = kept.values().filter(is_confirmed).map(|it| it.what.clone()).collect();
        self.suspected = kept.into_values().collect();
        confirmed
    }
}
