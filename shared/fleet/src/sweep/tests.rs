//! Whose turn it is, what was found, and how many calls there are.

mod found;
mod news;
mod properties;
mod round;

use jiff::Timestamp;

use super::*;
use crate::ids::PoolName;
use crate::ledger::{JobAction, JobState, JobTimes};
use crate::ports::RunId;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn repository(number: usize) -> Repository {
    Repository::new(format!("octo-org/r{number:03}"))
}

/// A cursor whose repositories were pushed to a second apart, the first one last.
fn of(count: usize) -> SweepCursor {
    let mut cursor = SweepCursor::default();
    let pushed: Vec<_> = (0..count).map(|it| (repository(it), at(-i64::try_from(it).unwrap()))).collect();
    cursor.listed(&pushed);
    cursor
}

fn job(id: u64, state: JobState, seen_at: Timestamp) -> Job {
    Job {
        pool: Some(PoolName::new("fargate-x64").unwrap()),
        version: 1,
        ..Job::new(JobId(id), state, repository(0), ["linux"].into_iter().collect(), seen_at)
    }
}

#[test]
fn the_most_active_repositories_have_a_turn_in_each_sweep_and_the_others_share_the_rest() {
    let mut cursor = of(200);
    let turns = cursor.turns(at(0));
    assert_eq!(turns.len(), 200, "each once");
    // Four of the active ones, then one of the others.
    let first: Vec<Repository> = [0, 1, 2, 3, 50, 4, 5, 6, 7, 51].map(repository).to_vec();
    assert_eq!(turns[..10], first);
    // A sweep that has time for 62 of them: all active ones, and twelve of the others.
    for repository in &turns[..62] {
        cursor.took_turn(repository, at(1), None);
    }
    let next = cursor.turns(at(60));
    assert_eq!(next[0], repository(0), "the active ones begin again");
    assert_eq!(cursor.active_turns(at(60)), (0..50).map(repository).collect::<Vec<_>>());
    assert_eq!((&next[4], &next[9]), (&repository(62), &repository(63)), "the others go on");
}

#[test]
fn a_turn_that_is_cut_off_goes_on_where_it_was_and_before_all_others() {
    let mut cursor = of(3);
    cursor.took_turn(&repository(0), at(0), None);
    cursor.stopped_at(&repository(1), Some(RunId(7)));
    cursor.took_turn(&repository(2), at(1), None);
    assert_eq!(cursor.turns(at(2)), [1, 0, 2].map(repository));
    assert_eq!(cursor.candidates[&repository(1)].read_to, Some(RunId(7)));
    // Its share of runs is used up, and the others come first.
    cursor.took_turn(&repository(1), at(2), Some(RunId(27)));
    assert_eq!(cursor.turns(at(3)), [0, 2, 1].map(repository));
    assert_eq!(cursor.candidates[&repository(1)].read_to, Some(RunId(27)));
    cursor.took_turn(&repository(1), at(4), None);
    assert_eq!(cursor.candidates[&repository(1)].read_to, None, "it came to the end");
}

#[test]
fn a_sweep_that_is_ended_in_its_first_turn_does_not_begin_with_it_again() {
    let mut cursor = of(3);
    cursor.begins();
    assert_eq!(cursor.turns(at(0)), [0, 1, 2].map(repository));
    cursor.begins();
    assert_eq!(cursor.turns(at(60)), [1, 2, 0].map(repository), "the one before came to no end");
    for _ in 0..3 {
        cursor.begins();
    }
    assert_eq!(cursor.active_turns(at(120)), [1, 2, 0].map(repository));
    cursor.has_ended();
    cursor.begins();
    assert_eq!(cursor.turns(at(180)), [0, 1, 2].map(repository));
    assert_eq!(SweepCursor { unended: 7, ..SweepCursor::default() }.turns(at(0)), [], "nobody");
}

#[test]
fn a_repository_that_github_does_not_show_is_asked_for_once_an_hour() {
    let mut cursor = of(2);
    cursor.hidden(&repository(0), at(0));
    assert_eq!(cursor.turns(at(3599)), [repository(1)]);
    assert_eq!(cursor.turns(at(3600)).len(), 2);
    cursor.took_turn(&repository(0), at(3600), None);
    assert_eq!(cursor.turns(at(3601)).len(), 2, "it is shown again");
}

#[test]
fn repositories_are_looked_through_for_a_day_after_their_last_job_or_push_and_while_github_lists_them() {
    let mut cursor = of(1);
    let of_job = Job { repository: repository(9), ..job(1, JobState::Queued, at(0)) };
    cursor.met(&of_job);
    let day = 24 * 60 * 60;
    cursor.forget(at(day - 1));
    assert_eq!(cursor.candidates.len(), 2);
    cursor.forget(at(day));
    assert_eq!(cursor.candidates.keys().collect::<Vec<_>>(), [&repository(0)], "no job in a day");
    cursor.listed(&[]);
    cursor.forget(at(day - 1));
    assert_eq!(cursor.candidates.len(), 1, "others are pushed to more often, but it was today");
    cursor.forget(at(day));
    assert!(cursor.candidates.is_empty(), "GitHub lists it no longer");
}

#[test]
fn with_too_many_repositories_the_least_active_ones_are_forgotten() {
    let mut cursor = of(MOST + 5);
    cursor.forget(at(0));
    assert_eq!(cursor.candidates.len(), MOST);
    assert!(cursor.candidates.contains_key(&repository(MOST - 1)));
    assert!(!cursor.candidates.contains_key(&repository(MOST)));
}

#[test]
fn webhooks_are_lost_when_none_has_told_of_a_job_for_five_minutes_and_jobs_were_found_since() {
    for (heard, found, now, lost, why) in [
        (None, None, 0, false, "nothing has happened yet"),
        (None, Some(0), 1, true, "nobody was ever heard of, and a job was found"),
        (Some(0), None, 3600, false, "it is quiet"),
        (Some(0), Some(200), 299, false, "one came less than five minutes ago"),
        (Some(0), Some(200), 300, true, "five minutes ago"),
        (Some(200), Some(100), 600, false, "none was found since the last one"),
        (Some(0), Some(400), 400 + 3599, true, "within the hour"),
        (Some(0), Some(400), 400 + 3600, false, "it is quiet again"),
    ] {
        let cursor =
            SweepCursor { heard_at: heard.map(at), found_at: found.map(at), ..SweepCursor::default() };
        assert_eq!(cursor.webhooks_are_lost(at(now)), lost, "{why}");
        assert_eq!(cursor.share(at(now)) == Share::TwoThirds, lost, "{why}");
    }
}

#[test]
fn what_a_sweep_has_found_is_no_webhook() {
    let mut cursor = SweepCursor::default();
    assert!(cursor.sent(JobId(1), JobAction::Queued, at(0)), "it is new");
    cursor.met(&job(1, JobState::Queued, at(3)));
    assert_eq!(cursor.heard_at, None, "the sweep told of it");
    cursor.met(&Job { heard_at: Some(at(4)), ..job(1, JobState::Queued, at(3)) });
    assert_eq!(cursor.heard_at, Some(at(4)), "its webhook was late");
    cursor.met(&job(2, JobState::InProgress, at(5)));
    cursor.met(&job(3, JobState::Completed, at(4)));
    assert_eq!(cursor.heard_at, Some(at(5)), "the latest of the others");
}

#[test]
fn a_job_is_sent_on_once_more_where_the_ledger_does_not_have_it_in_five_minutes() {
    let mut cursor = SweepCursor::default();
    assert!(!cursor.was_sent(JobId(1), JobAction::Queued, at(0)));
    assert!(cursor.sent(JobId(1), JobAction::Queued, at(0)));
    assert!(cursor.was_sent(JobId(1), JobAction::Queued, at(299)));
    assert!(!cursor.was_sent(JobId(1), JobAction::InProgress, at(0)), "that was not told");
    assert!(!cursor.was_sent(JobId(1), JobAction::Queued, at(300)));
    assert!(!cursor.sent(JobId(1), JobAction::Queued, at(300)), "and counts no second time");
    cursor.forget(at(300 + 900));
    assert_eq!((cursor.found.len(), cursor.found_at), (0, Some(at(300))));
}

#[test]
fn a_job_is_left_to_its_webhook_for_a_moment_as_long_as_webhooks_come() {
    let mut cursor = SweepCursor::default();
    assert!(cursor.is_left_to_its_webhook(Some(at(0)), at(9)));
    assert!(!cursor.is_left_to_its_webhook(Some(at(0)), at(10)));
    assert!(!cursor.is_left_to_its_webhook(None, at(0)), "nobody knows since when");
    cursor.sent(JobId(1), JobAction::Queued, at(0));
    assert!(!cursor.is_left_to_its_webhook(Some(at(0)), at(0)), "webhooks are lost");
}

#[test]
fn the_one_of_two_passes_that_writes_last_keeps_what_both_have_done() {
    let stored = SweepCursor { version: 4, ..of(3) };
    let (mut first, mut second) = (stored.clone(), stored);
    first.took_turn(&repository(0), at(1), None);
    first.sent(JobId(1), JobAction::Queued, at(1));
    first.reads.pay(10, at(1), Share::Third);
    first.version = 5;
    second.took_turn(&repository(1), at(2), Some(RunId(3)));
    second.sent(JobId(2), JobAction::Queued, at(2));
    let both = second.beside(&first, 7, at(2));
    assert_eq!(both.turns(at(3)), [2, 0, 1].map(repository));
    assert_eq!(both.found.iter().map(|it| it.job.0).collect::<Vec<_>>(), [1, 2]);
    let full = ReadBudget::default().left(at(2), Share::Third);
    let left = both.reads.left(at(2), both.share(at(2)));
    assert!(left < 2 * full, "{left}");
    let spent = both.reads.paid_to.unwrap().duration_since(at(1)).as_secs();
    let of_first = first.reads.paid_to.unwrap().duration_since(at(1)).as_secs();
    assert!(spent > of_first, "the calls of both: {spent} s, {of_first} s of the first");
    assert_eq!(both.version, 5, "its write comes after the first one's");
}

#[test]
fn the_calls_of_an_hour_come_evenly_and_some_may_be_saved() {
    for (share, at_once, a_minute) in [(Share::Third, 237, 23), (Share::TwoThirds, 475, 47)] {
        let mut reads = ReadBudget::default();
        assert_eq!(reads.left(at(0), share), at_once, "{share:?}: what ten minutes save");
        reads.pay(at_once, at(0), share);
        assert_eq!(reads.left(at(0), share), 0, "{share:?}");
        let later = reads.left(at(60), share);
        assert!((a_minute..=a_minute + 1).contains(&later), "{share:?}: {later}");
        assert_eq!(reads.left(at(1200), share), at_once, "{share:?}: no more are saved");
        let before = reads;
        reads.pay(0, at(1200), share);
        assert_eq!(reads, before, "nothing was called");
    }
}

/// The item has to fit into DynamoDB's 400 KB, whatever is in it.
#[test]
fn the_largest_cursor_is_within_400_kb() {
    let name = |number: usize| Repository::new(format!("{}/{number:0>100}", "o".repeat(39)));
    let candidate = Candidate {
        job_at: Some(at(0)),
        pushed_at: Some(at(0)),
        is_listed: true,
        swept_at: Some(at(0)),
        read_to: Some(RunId(u64::MAX)),
        hidden_until: Some(at(0)),
    };
    let found = (0..ROOM as u64)
        .map(|id| FoundJob { job: JobId(u64::MAX - id), action: JobAction::InProgress, at: at(0) })
        .collect();
    let cursor = SweepCursor {
        candidates: (0..MOST).map(|number| (name(number), candidate.clone())).collect(),
        found,
        ..SweepCursor::default()
    };
    let size = serde_json::to_string(&cursor).unwrap().len();
    assert!((100_000..400_000).contains(&size), "{size} bytes");
    let read: SweepCursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
    assert_eq!(read, cursor);
}
