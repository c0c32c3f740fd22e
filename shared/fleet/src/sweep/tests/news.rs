//! What is written down of a sweep, and what may be older in the ledger than it is.

use super::*;

type Change = fn(&mut SweepCursor);

#[test]
fn a_cursor_is_written_only_for_what_the_next_pass_would_miss() {
    let paid = |cursor: &mut SweepCursor, to| cursor.reads.paid_to = Some(at(to));
    assert!(SweepCursor::default().reads.paid_to.is_none());
    let changes: [(Change, bool, &str); 14] = [
        (|_| {}, false, "nothing has changed"),
        (|it| it.version += 1, false, "a version is none of it"),
        (|it| it.took_turn(&repository(0), at(661), None), false, "all have had a turn in this pass"),
        (|it| it.took_turn(&repository(1), at(661), Some(RunId(7))), true, "it goes on after that run"),
        (|it| it.stopped_at(&repository(1), Some(RunId(7))), true, "the same"),
        (|it| it.hidden(&repository(1), at(661)), true, "it is left alone for an hour"),
        (|it| it.saw_job(&repository(1), at(661)), true, "it had no job yet"),
        (|it| it.saw_job(&repository(0), at(7199)), false, "its last job is two hours newer at most"),
        (|it| it.saw_job(&repository(0), at(7200)), true, "two hours"),
        (|it| it.listed(&[]), true, "GitHub does not list them any longer"),
        (|it| it.begins(), true, "a sweep begins that the ledger must know"),
        (|it| assert!(it.sent(JobId(1), JobAction::Queued, at(661))), true, "a job was found"),
        (|it| it.heard_at = Some(at(660)), false, "a webhook, while no sweep has found a job"),
        (|it| it.candidates.retain(|name, _| *name != repository(1)), true, "one is forgotten"),
    ];
    for (change, is_news, why) in changes {
        let (stored, mut cursor) = swept();
        change(&mut cursor);
        assert_eq!(cursor.has_news(&stored, at(660), at(660), at(662)), is_news, "{why}");
    }
    for (to, is_news, why) in [(710, false, "paid for before the next pass"), (711, true, "or hardly")] {
        let (stored, mut cursor) = swept();
        paid(&mut cursor, to);
        assert_eq!(cursor.has_news(&stored, at(660), at(660), at(662)), is_news, "{why}");
    }
}

/// Once a job was found, a silence of five minutes means that webhooks are lost.
#[test]
fn when_a_webhook_was_heard_of_is_written_down_while_it_tells_something() {
    for (found, heard, is_news, why) in [
        (599, 149, false, "two and a half minutes newer at most"),
        (599, 150, true, "half of a silence that means something"),
        (-2938, 150, false, "the last job was found an hour ago"),
    ] {
        let (mut stored, mut cursor) = swept();
        (stored.found_at, cursor.found_at) = (Some(at(found)), Some(at(found)));
        cursor.heard_at = Some(at(heard));
        assert_eq!(cursor.has_news(&stored, at(660), at(660), at(662)), is_news, "{why}");
    }
}

/// What is stored may be hours old. A pass that has nothing else must not take that for a silence.
#[test]
fn a_pass_that_takes_over_notices_a_silence_later_and_once() {
    let (stored, _) = swept();
    let mut taken = stored.clone().taken_over(at(3600));
    assert_eq!(taken.heard_at, Some(at(3450)));
    assert!(taken.sent(JobId(1), JobAction::Queued, at(3600)), "a sweep finds a job");
    assert!(!taken.webhooks_are_lost(at(3749)), "a webhook may have come a moment ago");
    assert!(taken.webhooks_are_lost(at(3750)));
    assert_eq!(
        taken.clone().taken_over(at(4000)),
        taken,
        "a job was found: the next one takes the time as it is"
    );
    let unheard = SweepCursor { heard_at: None, ..stored };
    assert_eq!(unheard.clone().taken_over(at(3600)), unheard, "no webhook ever came");
}

/// Whoever was left out waits the longest, and the next pass has to know.
#[test]
fn turns_are_written_down_where_some_repository_had_none() {
    let (stored, mut cursor) = swept();
    cursor.candidates.get_mut(&repository(2)).unwrap().swept_at = Some(at(600));
    assert!(cursor.has_news(&stored, at(660), at(660), at(662)));
    let since = Timestamp::MIN;
    assert!(!cursor.has_news(&stored, at(660), since, at(660)), "before the first turn of a pass");
    cursor.candidates.get_mut(&repository(2)).unwrap().hidden_until = Some(at(4000));
    let mut stored = stored;
    stored.candidates.get_mut(&repository(2)).unwrap().hidden_until = Some(at(4000));
    stored.candidates.get_mut(&repository(2)).unwrap().swept_at = Some(at(600));
    assert!(!cursor.has_news(&stored, at(660), at(660), at(662)), "one that GitHub does not show has none");
}

/// A cursor of three repositories as it is stored, and a minute later, when each has had its next turn.
fn swept() -> (SweepCursor, SweepCursor) {
    let mut stored = SweepCursor { heard_at: Some(at(0)), version: 4, ..of(3) };
    stored.saw_job(&repository(0), at(0));
    for number in 0..3 {
        stored.took_turn(&repository(number), at(601), None);
    }
    let mut now = stored.clone();
    for number in 0..3 {
        now.took_turn(&repository(number), at(660), None);
    }
    (stored, now)
}
