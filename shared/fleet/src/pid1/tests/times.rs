//! How long PID 1 waits for what.

use super::*;

#[test]
fn the_times_of_a_stop() {
    let (mut machine, _) = after_config(&[Pid1Event::JobBegun, Pid1Event::Terminate]);
    let stopped = 4 * SECOND;
    assert_eq!(machine.deadline(), Some(stopped + 110 * SECOND));
    machine.step(stopped + SECOND, 0.0, Pid1Event::Terminate);
    assert_eq!(machine.deadline(), Some(stopped + 110 * SECOND), "a second SIGTERM changes nothing");
    machine.step(stopped + 110 * SECOND, 0.0, Pid1Event::Due);
    assert_eq!(machine.deadline(), Some(stopped + 118 * SECOND));
}

#[test]
fn a_job_of_five_days_ends_by_itself() {
    use Pid1Event::{Due, Exited, JobBegun, Looked, NotFrozen, Terminate};
    let days = 5 * 24 * 60 * MINUTE;
    for (events, began, why) in [
        (vec![JobBegun], 3 * SECOND, "its listener says that it began"),
        (vec![Due, Looked(true)], 4 * SECOND, "a worker was seen"),
        (vec![JobBegun, JobBegun, Looked(true)], 3 * SECOND, "it begins once"),
    ] {
        let (mut machine, _) = after_config(&events);
        assert_eq!(machine.deadline(), Some(began + days), "{why}");
        assert_eq!(machine.step(began + days, 0.5, Due), [Pid1Action::Interrupt], "{why}: it is interrupted");
        assert_eq!(machine.state(), interrupted(), "{why}");
        assert_eq!(machine.deadline(), Some(began + days + 8 * SECOND), "{why}: what goes on then is killed");
        assert_eq!(machine.clone().step(began + days + SECOND, 0.5, Exited(Exit::Code(0))), []);
        machine.step(began + days + 8 * SECOND, 0.5, Due);
        assert_eq!(machine.state(), Pid1State::Over(JOB_DONE), "{why}");
    }
    let (mut machine, _) = after_config(&[JobBegun]);
    let late = (3 * SECOND + days).saturating_sub(MINUTE);
    machine.step(late, 0.5, Terminate);
    assert_eq!(machine.deadline(), Some(3 * SECOND + days), "a SIGTERM in its last minutes gives it no more");
    let (mut machine, _) = after_config(&[Terminate, NotFrozen]);
    assert_eq!(machine.deadline(), Some(3 * SECOND + 110 * SECOND), "and before that, ECS's two minutes");
    machine.step(50 * SECOND, 0.5, JobBegun);
    assert_eq!(machine.deadline(), Some(3 * SECOND + 110 * SECOND));
}

#[test]
fn the_times_of_questions_without_a_listener() {
    use Answered::{Later, NoAnswer, Wait};
    for (failures, answered, jitter, expected, why) in [
        (1, Later(None), 1.0, 1000, "the first wait"),
        (1, Later(None), 0.0, 500, "or half of it"),
        (3, Later(None), 1.0, 4000, "doubled twice"),
        (20, Later(None), 1.0, 30_000, "never longer"),
        (1, Later(Some(7 * SECOND)), 0.0, 7000, "as told"),
        (1, Later(Some(10 * SECOND)), 1.0, 12_000, "a fifth more at most"),
        (9, Later(Some(7 * SECOND)), 0.0, 7000, "as told, however often"),
        (1, Later(Some(Duration::ZERO)), 0.0, 1000, "not at once"),
        (1, Later(Some(3000 * SECOND)), 0.0, 300_000, "as long as is believed"),
        (1, Later(Some(Duration::MAX)), 1.0, 360_000, "whatever it says"),
        (1, Wait(MINUTE), 0.0, 60_000, "as told"),
        (1, Wait(MINUTE), 1.0, 72_000, "a fifth more at most"),
        (1, Wait(Duration::ZERO), 0.0, 1000, "not at once"),
        (1, Wait(Duration::MAX), 0.0, 300_000, "as long as is believed"),
        (1, NoAnswer, 0.0, 45_500, "the question before is over by then"),
        (3, NoAnswer, 1.0, 49_000, "and the wait doubles"),
    ] {
        let first = Questions::first(Duration::ZERO);
        let earlier = (1..failures).fold(first, |it, _| it.came_to(NoAnswer, Duration::ZERO));
        let questions = earlier.came_to(answered, Duration::ZERO);
        let next = questions.next(answered, Duration::ZERO, jitter, &Timings::default());
        assert_eq!(next, Some(Duration::from_millis(expected)), "{answered:?}: {why}");
    }
}

#[test]
fn an_answer_of_any_kind_ends_a_row_of_failures() {
    use Answered::{Later, NoAnswer, Wait};
    let tried = [NoAnswer, NoAnswer, NoAnswer, Wait(MINUTE), Later(None)];
    let came_to = |it: Questions, answered: &Answered| it.came_to(*answered, Duration::ZERO);
    let questions = tried.iter().fold(Questions::first(Duration::ZERO), came_to);
    let next = questions.next(Later(None), Duration::ZERO, 1.0, &Timings::default());
    assert_eq!(next, Some(SECOND), "it begins with the first wait again");
}

/// How long a machine asks without a listener that is always answered so, a second after each question,
/// up to five hours; `None` if it still does by then.
fn asks_for(answer: impl Fn(u32) -> Answered) -> Option<Duration> {
    let mut machine = Machine::new(Timings::default());
    let mut now = Duration::ZERO;
    let mut actions = machine.step(now, 0.5, Pid1Event::Prepared(true));
    for question in 0.. {
        assert_eq!(actions, [Pid1Action::Ask(Listener::None)]);
        now += SECOND;
        machine.step(now, 0.5, Pid1Event::Answered(answer(question)));
        if machine.state() == Pid1State::Over(FAILED) {
            return Some(now);
        }
        now = machine.deadline().unwrap();
        if now > Duration::from_hours(5) {
            return None;
        }
        actions = machine.step(now, 0.5, Pid1Event::Due);
    }
    None
}

#[test]
fn the_hour_counts_from_the_registrars_last_answer_whatever_it_says() {
    use Answered::{Later, NoAnswer, Wait};
    for (answered, why) in [
        (Wait(MINUTE), "it is to wait"),
        (Later(Some(MINUTE)), "503 with its retry-after: GitHub is out of order, and the task is kept"),
        (Later(Some(5 * MINUTE)), "the same"),
    ] {
        assert_eq!(asks_for(|_| answered), None, "{answered:?}: {why}");
    }
    for (answered, why) in [
        (NoAnswer, "502, or a connection that hangs"),
        (Later(None), "somebody else answers: a proxy, or Lambda that is throttled"),
    ] {
        let ended = asks_for(|_| answered).unwrap();
        let about_an_hour = 58 * MINUTE..=60 * MINUTE + SECOND;
        assert!(about_an_hour.contains(&ended), "{answered:?} to {ended:?}: {why}");
        let rare = asks_for(|question| if question % 50 == 49 { Wait(MINUTE) } else { answered });
        assert_eq!(rare, None, "{answered:?}: one answer an hour is enough");
        let once = asks_for(|question| if question == 20 { Later(Some(SECOND)) } else { answered }).unwrap();
        assert!(once > ended, "{answered:?}: it counts from that one answer, {once:?} to {ended:?}");
    }
}

#[test]
fn the_times_of_questions_with_a_listener() {
    use Answered::{Config, Later, NoAnswer, Wait};
    for (answered, jitter, expected, why) in [
        (Wait(MINUTE), 0.5, 60_000, "as told"),
        (Wait(MINUTE), 0.0, 54_000, "up to a tenth less"),
        (Wait(MINUTE), 1.0, 66_000, "or more, so that they do not all come at once"),
        (Wait(30 * SECOND), 0.5, 30_000, "as told"),
        (Wait(Duration::ZERO), 0.5, 1000, "not at once"),
        (Wait(3000 * SECOND), 0.5, 300_000, "as long as is believed"),
        (Wait(Duration::MAX), 1.0, 330_000, "whatever it says"),
        (NoAnswer, 0.0, 54_000, "longer than the registrar can be at work on the last one"),
        (Later(None), 0.5, 60_000, "it needs no answer to take a job"),
        (Later(Some(5 * MINUTE)), 0.0, 300_000, "no sooner than GitHub's limits allow"),
        (Later(Some(5 * MINUTE)), 1.0, 360_000, "a fifth more at most"),
        (Later(Some(Duration::MAX)), 0.0, 300_000, "as long as is believed"),
        (Later(Some(5 * SECOND)), 0.5, 60_000, "and no more often than where all is well"),
        (Config, 0.5, 60_000, "it has had its one"),
    ] {
        let (mut machine, _) = after_config(&[Pid1Event::ListenerUp, Pid1Event::Looked(false)]);
        let now = 10 * SECOND;
        machine.step(now, jitter, Pid1Event::Answered(answered));
        let expected = now + Duration::from_millis(expected);
        assert_eq!(machine.deadline(), Some(expected), "{answered:?}: {why}");
    }
}

#[test]
fn a_listener_that_says_nothing_is_asked_for_after_half_a_minute() {
    let (machine, _) = after_config(&[]);
    assert_eq!(machine.deadline(), Some(32 * SECOND));
}

#[test]
fn nothing_is_waited_for_while_a_question_is_under_way() {
    for (events, why) in [
        (vec![], "a JIT config is asked for"),
        (vec![Pid1Event::Answered(Answered::Wait(MINUTE)), Pid1Event::Due], "it is asked for again"),
    ] {
        let (machine, _) = after(&[&[Pid1Event::Prepared(true)], &events[..]].concat());
        assert_eq!(machine.deadline(), None, "{why}");
    }
    for (events, why) in [
        (vec![Pid1Event::ListenerUp], "a worker is looked for"),
        (vec![Pid1Event::ListenerUp, Pid1Event::Looked(false)], "a question is under way"),
    ] {
        assert_eq!(after_config(&events).0.deadline(), None, "{why}");
    }
}

/// A connection that is refused at once comes to nothing sooner than one that nobody answers.
#[test]
fn each_question_has_its_time_however_fast_it_came_to_nothing() {
    let mut machine = Machine::new(Timings::default());
    machine.step(SECOND, 0.5, Pid1Event::Prepared(true));
    let mut asked = SECOND;
    for _ in 0..3 {
        machine.step(asked + SECOND, 0.5, Pid1Event::Answered(Answered::NoAnswer));
        let again = machine.deadline().unwrap();
        assert!(again >= asked + Timings::default().no_answer, "asked at {asked:?}, again at {again:?}");
        machine.step(again, 0.5, Pid1Event::Due);
        asked = again;
    }
}
