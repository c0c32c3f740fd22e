//! What is confirmed, checked against the history of all looks.

use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn runner(number: u128) -> RunnerId {
    RunnerId::from_random(number)
}

fn drift(queued: i64) -> Suspicion {
    let by = Totals { queued, ..Totals::default() };
    Suspicion::Drift { pool: PoolName::new("plain").unwrap(), by }
}

fn items() -> SystemOfRecord {
    SystemOfRecord::Items(PoolName::new("plain").unwrap())
}

/// A look at everything.
fn all(suspects: impl IntoIterator<Item = Suspicion>) -> Look {
    let saw = BTreeSet::from([SystemOfRecord::Github, SystemOfRecord::Ecs, SystemOfRecord::Supply, items()]);
    Look { suspects: suspects.into_iter().collect(), saw }
}

#[test]
fn only_a_second_look_minutes_later_confirms() {
    let gone = || Suspicion::TaskGone(runner(1));
    let ecs_is_down =
        || Look { saw: BTreeSet::from([SystemOfRecord::Github, SystemOfRecord::Supply]), ..Look::default() };
    let partly = || Look { suspects: BTreeSet::from([gone()]), saw: BTreeSet::new() };
    for (why, looks, confirmed) in [
        ("once is nothing", vec![(0, all([gone()]))], false),
        ("five minutes later", vec![(0, all([gone()])), (300, all([gone()]))], true),
        ("a late pass and an early one", vec![(0, all([gone()])), (240, all([gone()]))], true),
        ("two passes at once", vec![(0, all([gone()])), (239, all([gone()]))], false),
        ("it was right between", vec![(0, all([gone()])), (300, all([])), (600, all([gone()]))], false),
        ("ECS is down between", vec![(0, all([gone()])), (300, ecs_is_down()), (600, all([gone()]))], true),
        ("ECS is down now", vec![(0, all([gone()])), (300, ecs_is_down())], false),
        ("one cluster of ECS is down", vec![(0, all([gone()])), (300, partly())], true),
        ("no row after half an hour", vec![(0, all([gone()])), (1801, all([gone()]))], false),
        ("another runner", vec![(0, all([Suspicion::TaskGone(runner(2))])), (300, all([gone()]))], false),
        (
            "another thing of it",
            vec![(0, all([Suspicion::NotOnline(runner(1))])), (300, all([gone()]))],
            false,
        ),
        ("it stays until it is right", (0..9).map(|look| (look * 300, all([gone()]))).collect(), true),
    ] {
        let mut memory = Suspicions::default();
        let last = looks.iter().map(|(time, look)| memory.take(look, at(*time))).last().unwrap();
        assert_eq!(last.contains(&gone()), confirmed, "{why}");
    }
}

#[test]
fn a_surplus_gets_a_quarter_of_an_hour() {
    let surplus = || Suspicion::Surplus(PoolName::new("plain").unwrap());
    let mut memory = Suspicions::default();
    for (minutes, confirmed) in [(0, false), (5, false), (10, false), (15, true), (20, true)] {
        let found = memory.take(&all([surplus()]), at(minutes * 60));
        assert_eq!(found.contains(&surplus()), confirmed, "after {minutes} minutes");
    }
}

#[test]
fn another_difference_of_a_book_is_another_suspicion() {
    let mut memory = Suspicions::default();
    assert!(memory.take(&all([drift(1)]), at(0)).is_empty());
    assert!(memory.take(&all([drift(2)]), at(300)).is_empty());
    assert_eq!(memory.take(&all([drift(2)]), at(600)), BTreeSet::from([drift(2)]));
    assert!(memory.take(&all([]), at(900)).is_empty());
    assert_eq!(memory.suspected, [], "what is right is forgotten");
}

#[test]
fn a_flood_of_one_kind_fills_only_its_own_room() {
    let flood = |from: u128| (from..from + 1000).map(|number| Suspicion::NotOnline(runner(number)));
    let mut memory = Suspicions::default();
    assert!(memory.take(&all(flood(0)), at(0)).is_empty());
    assert_eq!(memory.suspected.len(), ROOM);
    assert!(memory.take(&all(flood(0).chain([drift(1)])), at(300)).len() == ROOM);
    let confirmed = memory.take(&all(flood(0).chain([drift(1)])), at(600));
    assert!(confirmed.contains(&drift(1)));
    // Once those are repaired, the next ones get their turn.
    let left: Vec<Suspicion> = flood(0).filter(|what| !confirmed.contains(what)).collect();
    assert!(memory.take(&all(left.clone()), at(900)).is_empty());
    assert_eq!(memory.take(&all(left), at(1200)).len(), ROOM);
}

#[test]
fn a_full_memory_fits_into_an_item() {
    let longest = "p".repeat(32);
    let pool = |number: usize| PoolName::new(longest.replace('p', ["a", "b"][number % 2])).unwrap();
    let by = |queued| Totals { queued, supply: i64::MIN, idle: i64::MIN, live: i64::MIN };
    let each = (0..i64::try_from(ROOM).unwrap()).flat_map(|number| {
        let id = runner(u128::MAX - u128::try_from(number).unwrap());
        let task = format!("arn:aws:ecs:ap-southeast-2:123456789012:task/{longest}-{longest}/{number:032}");
        [
            Suspicion::NotOnline(id.clone()),
            Suspicion::NotRegistered(id.clone()),
            Suspicion::TaskGone(id),
            Suspicion::StrayTask(TaskArn::new(task)),
            Suspicion::Surplus(PoolName::new(format!("{}{number:0>4}", "p".repeat(28))).unwrap()),
            Suspicion::Drift { pool: pool(usize::try_from(number).unwrap()), by: by(i64::MIN + number) },
        ]
    });
    let mut memory = Suspicions::default();
    let _first = memory.take(&all(each), at(0));
    assert_eq!(memory.suspected.len(), 6 * ROOM);
    let stored = serde_json::to_vec(&memory).unwrap();
    assert!(stored.len() < 400_000, "{} bytes", stored.len());
    assert_eq!(serde_json::from_slice::<Suspicions>(&stored).unwrap(), memory);
}

/// The few things that may be wrong in a world of the properties.
fn thing() -> impl Strategy<Value = Suspicion> {
    prop_oneof![
        (0..2_u128).prop_map(|number| Suspicion::NotOnline(runner(number))),
        (0..2_u128).prop_map(|number| Suspicion::NotRegistered(runner(number))),
        (0..2_u128).prop_map(|number| Suspicion::TaskGone(runner(number))),
        (0..2_u128).prop_map(|number| Suspicion::StrayTask(TaskArn::new(format!("task/{number}")))),
        (1..3_i64).prop_map(drift),
        Just(Suspicion::Surplus(PoolName::new("plain").unwrap())),
    ]
}

/// A look, and how many seconds after the previous one it comes.
fn look() -> impl Strategy<Value = (i64, Look)> {
    let source = prop_oneof![
        Just(SystemOfRecord::Github),
        Just(SystemOfRecord::Ecs),
        Just(SystemOfRecord::Supply),
        Just(items())
    ];
    let apart = prop_oneof![4 => 250..350_i64, 1 => 0..30_i64, 1 => 600..2400_i64];
    (apart, btree_set(thing(), 0..6), btree_set(source, 0..5))
        .prop_map(|(apart, suspects, saw)| (apart, Look { suspects, saw }))
}

/// When the unbroken series of looks that suspect this began, according to the history alone.
fn row_began(what: &Suspicion, history: &[(Timestamp, Look)]) -> Option<Timestamp> {
    let mut began: Option<Timestamp> = None;
    for (time, look) in history.iter().rev() {
        let is_suspected = look.suspects.contains(what);
        match began {
            None if !is_suspected => return None,
            Some(later) if later.duration_since(*time) > LONGEST_GAP => break,
            _ if is_suspected => began = Some(*time),
            _ if look.saw.contains(&what.source()) => break,
            _ => {}
        }
    }
    began
}

proptest! {
    /// Looks at any sources at any time: some are down, some looks coincide, some fail to come.
    #[test]
    fn only_what_an_unbroken_series_of_looks_shows_for_minutes_is_confirmed(
        looks in vec(look(), 1..40),
    ) {
        let mut memory = Suspicions::default();
        let mut history: Vec<(Timestamp, Look)> = Vec::new();
        let mut now = 0;
        for (apart, look) in looks {
            now += apart;
            let confirmed = memory.take(&look, at(now));
            history.push((at(now), look));
            let (_, look) = history.last().unwrap();
            for what in &look.suspects {
                let since = row_began(what, &history);
                let is_long = since.is_some_and(|since| at(now).duration_since(since) >= what.patience());
                prop_assert_eq!(confirmed.contains(what), is_long, "{:?} since {:?}", what, since);
            }
            prop_assert!(confirmed.is_subset(&look.suspects), "what is not seen now is not confirmed");
        }
    }

    /// However much is suspected, no kind takes more than its room, and nothing is remembered twice.
    #[test]
    fn the_memory_is_bounded(
        floods in vec((vec(0..5_u8, 1..4), 0..500_u128, 1..400_u128, any::<bool>()), 1..8),
    ) {
        let mut memory = Suspicions::default();
        for (number, (kinds, from, many, saw)) in floods.into_iter().enumerate() {
            let of = |kind: u8, number: u128| match kind {
                0 => Suspicion::NotOnline(runner(number)),
                1 => Suspicion::NotRegistered(runner(number)),
                2 => Suspicion::TaskGone(runner(number)),
                3 => Suspicion::StrayTask(TaskArn::new(number.to_string())),
                _ => drift(i64::try_from(number).unwrap()),
            };
            let suspects = kinds.iter().flat_map(|&kind| (from..from + many).map(move |number| of(kind, number)));
            let mut look = all(suspects);
            if !saw {
                look.saw.clear();
            }
            let _confirmed = memory.take(&look, at(i64::try_from(number).unwrap() * 300));
            let known: BTreeSet<&Suspicion> = memory.suspected.iter().map(|it| &it.what).collect();
            prop_assert_eq!(known.len(), memory.suspected.len());
            for kind in 0..5 {
                let is_of = |what: &&&Suspicion| std::mem::discriminant(**what) == std::mem::discriminant(&of(kind, 0));
                prop_assert!(known.iter().filter(is_of).count() <= ROOM);
            }
        }
    }
}

#[test]
fn the_distances_fit_looks_every_five_minutes() {
    let looks = SignedDuration::from_mins(5);
    assert!(APART < looks && looks * 2 < LONGEST_GAP, "one look may be missed");
}
