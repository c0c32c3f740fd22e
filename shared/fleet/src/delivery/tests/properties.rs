//! What holds however deliveries fail, and however often passes crash.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Crash, GithubModel};
use crate::ids::DeliveryId;

/// When the last delivery is made, in seconds.
const LAST: i64 = 2 * 60 * 60;

/// Passes of a minute: enough for a delivery that fails five times after the last crash.
const MINUTES: i64 = 8 * 60;

fn deliveries() -> impl Strategy<Value = Vec<(i64, u32, u16)>> {
    let status = prop_oneof![Just(0), Just(429), Just(502), Just(503), Just(400)];
    vec((0..LAST, 0..5_u32, status), 0..60)
}

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        2 => Just(Crash::No),
        1 => Just(Crash::BeforeItsWrite),
        1 => (0..3_usize).prop_map(Crash::After),
    ]
}

proptest! {
    /// With pages that are small, passes that are cut off, attempts that are listed late, and no pass for up to
    /// two hours and a half.
    #[test]
    fn each_failed_delivery_is_asked_for_until_it_is_received_and_none_twice_a_pass(
        deliveries in deliveries(),
        late in vec(0..240_i64, 1..5),
        crashes in vec(crash(), 0..120),
        page in 3..9_usize,
        pages in 2..6_usize,
        asks in 1..8_usize,
        start in 0..150_i64,
    ) {
        let mut github = GithubModel::of(deliveries, page);
        github.list_late(&late);
        for minute in start..start + MINUTES {
            let crash = crashes.get(usize::try_from(minute - start).unwrap()).cloned().unwrap_or(Crash::No);
            let asked = github.pass(minute, (pages, asks), &crash);
            let each: BTreeSet<&DeliveryId> = asked.iter().collect();
            prop_assert_eq!(each.len(), asked.len(), "at most once a pass");
        }
        prop_assert_eq!(github.missing(), Vec::<String>::new());
        prop_assert_eq!(github.stored.waiting(), 0);
    }

    /// Without a crash, each delivery is asked for as often as it failed, and never after it was received.
    #[test]
    fn none_is_asked_for_that_did_not_fail(
        deliveries in deliveries(),
        late in vec(0..60_i64, 1..5),
        page in 3..9_usize,
    ) {
        let fails = deliveries.iter().enumerate().map(|(number, &(_, failures, status))| {
            (DeliveryId::new(format!("delivery-{number}")), if status == 400 { 0 } else { failures })
        });
        let expected = fails.filter(|&(_, failures)| failures > 0).collect();
        let mut github = GithubModel::of(deliveries.clone(), page);
        github.list_late(&late);
        for minute in 0..MINUTES {
            github.pass(minute, (100, 100), &Crash::No);
        }
        prop_assert_eq!(github.asked, expected);
    }
}
