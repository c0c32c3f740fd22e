//! Meters: additions that only the limit refuses, never another addition.

use fleet::ledger::{Item, Key, Left, Meter, Reading, Spend};
use fleet::limits::Limits;
use fleet::ports::Ledger;

use super::{at, read};

const CALLS: Spend = Spend { meter: Meter::GithubCalls(29_853_180), floor: 0, amount: 3, at_most: 7 };

/// What is added is there, until no more is left; what is given back can be used again.
pub async fn a_meter_takes_what_is_added_until_no_more_is_left(ledger: &impl Ledger) {
    for (spend, left, spent, why) in [
        (CALLS, Ok(Left(4)), 3, "the first of the minute"),
        (CALLS, Ok(Left(1)), 6, "the second"),
        (CALLS, Err(Left(1)), 6, "one is left, and three belong together"),
        (CALLS.of(1), Ok(Left(0)), 7, "the last one"),
        (CALLS.of(1), Err(Left(0)), 7, "none"),
        (CALLS.of(0), Ok(Left(0)), 7, "nothing is always left"),
        (CALLS.back(2), Ok(Left(i64::MAX - 5)), 5, "two come back"),
        (CALLS.of(2), Ok(Left(0)), 7, "and are used"),
        (Spend { at_most: 5, ..CALLS }, Err(Left(-2)), 7, "the limit was lowered"),
    ] {
        assert_eq!(ledger.spend(&spend).await.unwrap(), left, "{why}");
        let reading = Reading { meter: CALLS.meter, spent };
        assert_eq!(read(ledger, [Key::Meter(CALLS.meter)]).await, [Item::Meter(reading)], "{why}");
    }
    let other = Spend { meter: Meter::Registrations(29_853_180), ..CALLS };
    assert_eq!(ledger.spend(&other).await.unwrap(), Ok(Left(4)), "another meter is by itself");
    let more = Spend { meter: Meter::GithubCalls(1), ..CALLS }.of(8);
    assert_eq!(ledger.spend(&more).await.unwrap(), Err(Left(7)), "more than there ever is, of a new one");
}

/// A meter that follows the clock goes on from now where it is behind.
pub async fn a_meter_that_is_behind_its_floor_is_brought_up_to_it(ledger: &impl Ledger) {
    let limits = Limits::default();
    let each = limits.between_run_tasks();
    for (milliseconds, calls, left, why) in [
        (0, 95, Ok(0), "the whole burst"),
        (0, 1, Err(0), "it is used up"),
        (1_000, 19, Ok(0), "a second brings nineteen"),
        (3_600_000, 96, Err(95), "no rest saves up more than the burst"),
        (3_600_000, 90, Ok(5), "which is there again"),
    ] {
        let found = ledger.spend(&limits.spend_run_tasks(calls, at(milliseconds))).await.unwrap();
        let in_calls = |Left(left): Left| left / each;
        assert_eq!(found.map(in_calls).map_err(in_calls), left, "{why}");
    }
}

/// Of many that add at once, as many get through as there is room for.
pub async fn of_many_that_add_at_once_none_is_lost_and_none_is_too_many(ledger: &impl Ledger) {
    let calls = Spend { amount: 1, at_most: 20, ..CALLS };
    let spends = (0..40).map(|_| ledger.spend(&calls));
    let done = futures_util::future::join_all(spends).await;
    let through = done.iter().filter(|done| matches!(done, Ok(Ok(_)))).count();
    let refused = done.iter().filter(|done| matches!(done, Ok(Err(_)))).count();
    assert_eq!((through, refused), (20, 20), "{done:?}");
    let reading = Reading { meter: CALLS.meter, spent: 20 };
    assert_eq!(read(ledger, [Key::Meter(CALLS.meter)]).await, [Item::Meter(reading)]);
}
