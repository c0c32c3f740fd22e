//! Which list is asked for next while others are not answered yet.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::ports::{ListedRun, RunStatus};

fn run(id: u64) -> ListedRun {
    ListedRun { id: RunId(id), is_public: false }
}

fn runs(number: usize, status: RunStatus) -> ListRequest {
    ListRequest::Runs(repository(number), status)
}

fn jobs(number: usize, id: u64) -> ListRequest {
    ListRequest::Jobs(repository(number), run(id))
}

#[test]
fn of_a_repository_the_runs_that_wait_are_known_before_those_at_work_are_asked_for() {
    let mut round = Round::new(vec![repository(0), repository(1)], &of(2));
    assert_eq!(round.ask(), Some(runs(0, RunStatus::Queued)));
    assert_eq!(round.ask(), Some(runs(1, RunStatus::Queued)), "the other one meanwhile");
    assert_eq!(round.ask(), None, "both wait for an answer");
    round.has_runs(&repository(1), &[run(4)]);
    assert_eq!(round.ask(), Some(runs(1, RunStatus::InProgress)));
    round.has_runs(&repository(0), &[run(1)]);
    round.has_runs(&repository(1), &[run(4)]);
    assert_eq!(round.ask(), Some(runs(0, RunStatus::InProgress)), "the earlier turn comes first");
    assert_eq!(round.ask(), Some(jobs(1, 4)), "its run has begun in between, and is one");
    round.has_runs(&repository(0), &[run(3), run(2)]);
    assert_eq!([round.ask(), round.ask(), round.ask()], [1, 2, 3].map(|id| Some(jobs(0, id))));
    assert_eq!(round.ask(), None);
    round.has_jobs(&repository(0), RunId(1));
    round.has_jobs(&repository(0), RunId(3));
    assert_eq!(round.ended(&repository(0)), None, "one has not answered");
    round.has_jobs(&repository(1), RunId(4));
    assert_eq!(round.ended(&repository(1)), Some(None), "its turn is over");
    assert_eq!(round.ended(&repository(1)), None, "once");
    let cut_off: Vec<_> = round.cut_off().collect();
    assert_eq!(cut_off, [(repository(0), Some(RunId(1)))], "it goes on before the first that did not answer");
}

#[test]
fn a_turn_reads_its_share_of_runs_from_where_the_last_one_ended() {
    let mut cursor = of(1);
    cursor.took_turn(&repository(0), at(0), Some(RunId(2)));
    let mut round = Round::new(vec![repository(0)], &cursor);
    let listed: Vec<ListedRun> = (1..30).map(run).collect();
    for status in [RunStatus::Queued, RunStatus::InProgress] {
        assert_eq!(round.ask(), Some(runs(0, status)));
        round.has_runs(&repository(0), &listed);
    }
    let to = 2 + RUNS_A_TURN as u64;
    for id in 3..=to {
        assert_eq!(round.ask(), Some(jobs(0, id)));
        round.has_jobs(&repository(0), RunId(id));
    }
    assert_eq!(round.ask(), None);
    assert_eq!(round.ended(&repository(0)), Some(Some(RunId(to))), "the next turn goes on there");
}

#[test]
fn nothing_more_is_asked_for_a_turn_that_is_given_up() {
    let mut round = Round::new(vec![repository(0)], &of(1));
    round.ask();
    assert!(round.give_up(&repository(0)));
    assert!(!round.give_up(&repository(0)), "it was before");
    round.has_runs(&repository(0), &[run(1)]);
    assert_eq!((round.ask(), round.ended(&repository(0))), (None, None));
}

proptest! {
    /// However many lists are open at once, and in whatever order they are answered: each is asked for once, and
    /// every turn comes to its end.
    #[test]
    fn every_list_is_asked_for_once(
        count in 1_usize..12,
        at_once in 1_usize..9,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        let mut round = Round::new((0..count).map(repository).collect(), &of(count));
        let (mut open, mut asked, mut ended) = (Vec::new(), 0, BTreeSet::new());
        for pick in picks {
            while open.len() < at_once && let Some(ask) = round.ask() {
                prop_assert!(!open.contains(&ask));
                open.push(ask);
                asked += 1;
            }
            if open.is_empty() {
                break;
            }
            let answered = open.remove(pick.index(open.len()));
            match &answered {
                ListRequest::Runs(repository, RunStatus::Queued) => round.has_runs(repository, &[run(1)]),
                ListRequest::Runs(repository, RunStatus::InProgress) => round.has_runs(repository, &[run(1), run(2)]),
                ListRequest::Jobs(repository, run) => round.has_jobs(repository, run.id),
            }
            if round.ended(answered.repository()).is_some() {
                prop_assert!(ended.insert(answered.repository().clone()), "a turn ends once");
            }
        }
        prop_assert_eq!((asked, ended.len()), (4 * count, count));
        prop_assert_eq!(round.cut_off().count(), 0);
    }
}
