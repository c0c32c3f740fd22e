//! Which deliveries are asked for, and when.

mod model;
mod properties;

use jiff::{SignedDuration, Timestamp};

use self::model::{Crash, GithubModel, PASSES, at};
use super::*;
use crate::ledger::Item;

/// An attempt of a delivery by its number, this many seconds after the beginning.
fn attempt(id: i64, guid: &str, seconds: i64, status_code: u16) -> Attempt {
    Attempt {
        id: AttemptId(id),
        guid: DeliveryId::new(guid),
        delivered_at: at(seconds),
        redelivery: false,
        status_code,
        event: WORKFLOW_JOB.to_owned(),
        action: Some("queued".to_owned()),
    }
}

fn page(attempts: &[Attempt]) -> AttemptPage {
    AttemptPage { attempts: attempts.to_vec(), ..AttemptPage::default() }
}

/// The GUIDs that are asked for.
fn asked(cursor: &mut DeliveryCursor, now: Timestamp) -> Vec<String> {
    cursor.ask(now, 100).into_iter().map(|ask| ask.guid.to_string()).collect()
}

#[test]
fn a_status_says_whether_another_attempt_is_worth_it() {
    use Reception::{Declined, Missed, Received};
    for (status, expected, why) in [
        (200, Received, "ignored, and why"),
        (202, Received, "it is in the queue"),
        (0, Missed, "no answer in ten seconds, or no connection"),
        (403, Missed, "the URL's permission is missing; Mayfly never says it"),
        (404, Missed, "the route is missing; Mayfly never says it"),
        (408, Missed, "a time-out"),
        (429, Missed, "Lambda is throttled"),
        (500, Missed, "a gateway's error"),
        (502, Missed, "the function failed"),
        (503, Missed, "the queue, or the secrets, are out of reach"),
        (504, Missed, "a gateway's time-out"),
        (301, Declined, "nobody of ours"),
        (400, Declined, "it cannot be understood"),
        (401, Declined, "it is not GitHub's"),
        (413, Declined, "it is too large"),
    ] {
        assert_eq!(Reception::of(status), expected, "{status}: {why}");
    }
}

#[test]
fn a_delivery_is_asked_for_by_its_newest_attempt() {
    let again = |attempt: Attempt| Attempt { redelivery: true, ..attempt };
    let of = |event: &str, action: Option<&str>| Attempt {
        event: event.to_owned(),
        action: action.map(str::to_owned),
        ..attempt(1, "a", 0, 503)
    };
    for (attempts, expected, why) in [
        (vec![attempt(1, "a", 0, 503)], Some(1), "it failed"),
        (vec![attempt(1, "a", 0, 202)], None, "it was received"),
        (vec![attempt(1, "a", 0, 400)], None, "Mayfly would say the same again"),
        (vec![again(attempt(2, "a", 9, 202)), attempt(1, "a", 0, 503)], None, "it was received since"),
        (vec![again(attempt(2, "a", 9, 0)), attempt(1, "a", 0, 503)], Some(2), "it failed again"),
        (vec![again(attempt(2, "a", 9, 0)), attempt(1, "a", 0, 202)], Some(2), "the newest one counts"),
        (vec![again(attempt(2, "a", 9, 400)), attempt(1, "a", 0, 503)], None, "it is declined by now"),
        (vec![of("ping", None)], None, "it tells of no job"),
        (vec![of("push", None)], None, "it tells of no job"),
        (vec![of(WORKFLOW_JOB, Some("waiting"))], None, "it moves no job"),
        (vec![of(WORKFLOW_JOB, Some("completed"))], Some(1), "a job's end is as good as its beginning"),
        (vec![], None, "there is none"),
    ] {
        let mut cursor = DeliveryCursor::default();
        assert_eq!(cursor.read(&page(&attempts), at(60)), WalkProgress::Over(vec![]), "{why}");
        let asked: Vec<i64> = cursor.ask(at(60), 100).into_iter().map(|ask| ask.failed.attempt.0).collect();
        assert_eq!(asked, Vec::from_iter(expected), "{why}");
        assert_eq!(cursor.ask(at(60), 100), [], "{why}: once");
    }
}

#[test]
fn one_that_fails_again_is_asked_for_at_growing_distances() {
    let mut cursor = DeliveryCursor::default();
    let mut newest = attempt(1, "a", 0, 503);
    let mut asks = Vec::new();
    for minute in 0..400 {
        let now = at(minute * 60);
        let _ = cursor.read(&page(std::slice::from_ref(&newest)), now);
        for ask in cursor.ask(now, 1) {
            assert_eq!(ask.failed.attempt, newest.id, "the newest attempt is repeated");
            newest = Attempt { redelivery: true, ..attempt(newest.id.0 + 1, "a", minute * 60 + 2, 503) };
            asks.push(minute);
        }
    }
    let distances: Vec<i64> = asks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(distances, [3, 6, 12, 24, 48, 60, 60, 60, 60, 60]);
}

#[test]
fn nothing_is_asked_for_after_three_days() {
    let day = 24 * 60 * 60;
    let mut cursor = DeliveryCursor::default();
    let first = page(&[attempt(2, "young", 1, 503), attempt(1, "old", 0, 503)]);
    let in_time = at(3 * day);
    assert_eq!(cursor.read(&first, in_time), WalkProgress::Over(vec![]));
    assert_eq!(asked(&mut cursor, in_time), ["young"], "the other one is three days old");

    let mut cursor = DeliveryCursor::default();
    let _ = cursor.read(&first, at(60));
    assert_eq!(asked(&mut cursor, at(60)), ["old", "young"]);
    let again = |seconds| Attempt { redelivery: true, ..attempt(3, "old", seconds, 503) };
    let _ = cursor.read(&page(&[again(2 * day)]), at(2 * day));
    assert_eq!(asked(&mut cursor, at(3 * day)), ["young"], "the other one is too old by now");
    let late = page(&[attempt(9, "other", 3 * day, 202)]);
    let given_up = ["old", "young"].map(DeliveryId::new).to_vec();
    assert_eq!(cursor.read(&late, at(3 * day + 60)), WalkProgress::Over(given_up), "and forgotten");
    assert_eq!(cursor.failed.len(), 0);
}

#[test]
fn the_list_is_read_back_to_what_was_read_before_and_a_little_further() {
    let mut cursor = DeliveryCursor::default();
    let page_of = |seconds: i64, next: &str| AttemptPage {
        next: Some(next.to_owned()),
        ..page(&[attempt(seconds, &format!("g{seconds}"), seconds, 202)])
    };
    assert_eq!(cursor.read(&page_of(10_000, "b"), at(10_001)), WalkProgress::GoesOn);
    assert_eq!(cursor.next_page(), Some("b"), "a pass that is cut off goes on there");
    assert_eq!(
        cursor.read(&AttemptPage::default(), at(10_060)),
        WalkProgress::Over(vec![]),
        "the list's end"
    );
    assert_eq!((cursor.seen_to, cursor.walked_at), (Some(at(10_000)), Some(at(10_001))));

    assert_eq!(cursor.next_page(), None, "the next walk begins at the newest");
    assert_eq!(cursor.read(&page_of(10_500, "c"), at(10_501)), WalkProgress::GoesOn);
    assert_eq!(
        cursor.read(&page_of(9_700, "d"), at(10_501)),
        WalkProgress::GoesOn,
        "an answer may come late"
    );
    assert_eq!(cursor.read(&page_of(9_699, "e"), at(10_501)), WalkProgress::Over(vec![]));
    assert_eq!(cursor.seen_to, Some(at(10_500)));

    assert_eq!(cursor.read(&page_of(10_600, "f"), at(10_601)), WalkProgress::GoesOn);
    cursor.start_over();
    assert_eq!((cursor.next_page(), cursor.seen_to), (None, Some(at(10_500))), "nothing is skipped");
}

#[test]
fn one_that_was_not_asked_for_after_all_is_due_as_before() {
    let mut cursor = DeliveryCursor::default();
    let _ = cursor.read(&page(&[attempt(1, "a", 0, 503), attempt(2, "b", 0, 503)]), at(1));
    let before = cursor.clone();
    for ask in cursor.ask(at(1), 2) {
        cursor.put_back(ask);
    }
    assert_eq!(cursor, before);
    assert_eq!(cursor.ask(at(1), 1).len(), 1, "no more than is wanted");
    assert_eq!(asked(&mut cursor, at(1)), ["b"]);
}

#[test]
fn those_that_find_no_room_are_read_again_until_all_are_received() {
    let count = 1200;
    let deliveries = (0..count).map(|number| (number, 1, 503));
    let mut github = GithubModel::of(deliveries, 100);
    let mut most = (0, 0);
    // The first pass comes when all of them have failed.
    for pass in 20..120 {
        github.pass(pass, PASSES, &Crash::No);
        most = (most.0.max(github.stored.waiting()), most.1.max(github.stored.failed.len()));
    }
    assert_eq!(github.missing(), Vec::<String>::new());
    assert_eq!(most.0, cursor::ROOM);
    assert!(most.1 <= cursor::MOST + cursor::ROOM, "{most:?}");
    assert_eq!(github.asked.values().max(), Some(&1), "each of them once");
}

#[test]
fn the_item_fits_into_dynamodb_however_many_have_failed() {
    let guid = |number: usize| DeliveryId::new(format!("0b989ba4-242f-11e5-81e1-{number:012}"));
    let failed = FailedDelivery {
        attempt: AttemptId(i64::MAX),
        attempted_at: at(0) + SignedDuration::from_nanos(1),
        status_code: 503,
        first_at: at(0) + SignedDuration::from_nanos(1),
        failed_at: Some(at(0) + SignedDuration::from_nanos(1)),
        asked: u32::MAX,
        asked_at: Some(at(0) + SignedDuration::from_nanos(1)),
        is_settled: true,
    };
    let failed = (0..cursor::MOST + cursor::ROOM).map(|number| (guid(number), failed.clone())).collect();
    let item = Item::Deliveries(DeliveryCursor { failed, ..DeliveryCursor::default() });
    // DynamoDB: 400 KB an item, names of attributes included. JSON has quotes beside them.
    let size = serde_json::to_string(&item).unwrap().len();
    assert!(size < 400 * 1024, "{size} bytes");
}

#[test]
fn a_walk_that_met_nothing_new_is_not_written_down() {
    let mut stored = DeliveryCursor::default();
    stored.read(&page(&[attempt(1, "a", 0, 200)]), at(10));
    let mut next = stored.clone();
    next.read(&page(&[attempt(1, "a", 0, 200)]), at(70));
    assert!(next != stored && !next.has_news(&stored), "nobody asks when that was");
    next.read(&page(&[attempt(2, "b", 299, 200), attempt(1, "a", 0, 200)]), at(330));
    assert!(!next.has_news(&stored), "the next walk reads a few minutes more");
    next.read(&page(&[attempt(4, "d", 300, 200), attempt(2, "b", 299, 200)]), at(390));
    assert!(next.has_news(&stored), "and no more than that");
    let mut failed = stored.clone();
    failed.read(&page(&[attempt(1, "a", 0, 200), attempt(3, "c", 0, 500)]), at(70));
    let before = failed.clone();
    failed.read(&page(&[attempt(1, "a", 0, 200), attempt(3, "c", 0, 500)]), at(130));
    assert!(failed.has_news(&before), "what fails is asked for once in a walk");
}
