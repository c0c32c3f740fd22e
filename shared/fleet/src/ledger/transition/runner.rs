//! What runner events do.

use jiff::Timestamp;

use super::super::event::RunnerEvent;
use super::super::{AskAnswer, Book, LeaveReason, LedgerAnswer, News, Outcome, Runner, RunnerState};
use super::{busy, config_or_leave, leaving, moved};
use crate::launch::{Ending, FailureClass, StopClass};

/// What a runner's event does to the runner, apart from the times of its start.
pub(super) fn of_runner(known: Option<(&Runner, &Book)>, event: &RunnerEvent, now: Timestamp) -> Outcome {
    let Some((runner, totals)) = known else { return Outcome::unchanged(answer_for_unknown(event)) };
    let has_asked = runner.boot.is_some();
    let is_on_its_way = runner.state.is_on_its_way();
    let leave = |reason| leaving(runner, reason, LedgerAnswer::Noted, now);
    match event {
        RunnerEvent::Asked(boot, listener, _) => config_or_leave::asked(runner, boot, *listener, totals, now),
        RunnerEvent::Registered(boot, github_id) => {
            config_or_leave::registered(runner, boot, *github_id, totals, now)
        }
        RunnerEvent::FoundBusy
            if matches!(runner.state, RunnerState::Idle | RunnerState::Overdue | RunnerState::Leaving) =>
        {
            Outcome::of_runner(busy(runner, now), LedgerAnswer::Noted)
        }
        RunnerEvent::Overdue if may_be_overdue(runner, totals, now) => {
            let overdue = Runner { overdue_at: Some(now), ..moved(runner, RunnerState::Overdue, now) };
            Outcome::of_runner(overdue, LedgerAnswer::Noted).with(News::Overdue)
        }
        RunnerEvent::Fenced if is_on_its_way && !has_asked && is_not_needed(runner, totals, now) => {
            leave(LeaveReason::Fenced)
        }
        RunnerEvent::FoundNoCapacity(reason) if is_on_its_way && !has_asked => {
            leave(LeaveReason::NoCapacity).with(News::NoCapacity(reason.clone()))
        }
        RunnerEvent::FailedToBoot(reason)
            if runner.is_past_its_boot_limit(now) || is_slow_again(runner, totals, now) =>
        {
            // A runner that has asked has shown that boots work: what failed is its run.
            leave(LeaveReason::BootFailed).with(if has_asked {
                News::RunFailed(Ending::Failed.thirds(), reason.clone())
            } else {
                News::BootFailed(reason.clone())
            })
        }
        RunnerEvent::LaunchTried(put_off) if is_on_its_way && !has_asked && runner.put_off != *put_off => {
            Outcome::of_runner(Runner { put_off: put_off.clone(), ..runner.clone() }, LedgerAnswer::Noted)
        }
        // What lasts this long is no temporary fault: it counts as a refusal.
        RunnerEvent::NotLaunched(reason) if !has_asked && runner.is_past_its_boot_limit(now) => {
            leave(LeaveReason::BootFailed).with(News::LaunchRefused(reason.clone()))
        }
        RunnerEvent::CountedOut if is_on_its_way => leave(LeaveReason::CountedOut),
        // If it has another registration by now, or none, it is not the runner that was looked for.
        RunnerEvent::FoundOffline(id)
            if matches!(runner.state, RunnerState::Idle | RunnerState::Overdue)
                && runner.github_id == Some(*id) =>
        {
            leave(LeaveReason::CountedOut)
        }
        RunnerEvent::FoundNotAsking
            if runner.state == RunnerState::Idle && runner.listened && totals.has_surplus(now) =>
        {
            leave(LeaveReason::CountedOut)
        }
        RunnerEvent::LaunchFailed(class, reason)
            if (is_on_its_way || runner.state == RunnerState::Leaving) && !has_asked =>
        {
            stopped(runner, now).with(match class {
                FailureClass::Later => None,
                FailureClass::Elsewhere => Some(News::NoCapacity(reason.clone())),
                FailureClass::Never => Some(News::LaunchRefused(reason.clone())),
            })
        }
        RunnerEvent::TaskStopped(class, reason, _) if runner.state.is_live() => {
            stopped(runner, now).with(news_of_stop(runner, *class, reason))
        }
        RunnerEvent::FoundBusy
        | RunnerEvent::Overdue
        | RunnerEvent::Fenced
        | RunnerEvent::FoundNoCapacity(_)
        | RunnerEvent::FailedToBoot(_)
        | RunnerEvent::LaunchTried(_)
        | RunnerEvent::NotLaunched(_)
        | RunnerEvent::CountedOut
        | RunnerEvent::FoundOffline(_)
        | RunnerEvent::FoundNotAsking
        | RunnerEvent::LaunchFailed(..)
        | RunnerEvent::TaskStopped(..) => Outcome::unchanged(LedgerAnswer::Noted),
    }
}

/// Its pool has left the map, or has enough runners without it. Others may have needed it since that was
/// found.
fn is_not_needed(runner: &Runner, totals: &Book, now: Timestamp) -> bool {
    totals.is_closed()
        || match runner.state {
            RunnerState::Overdue => !totals.needs(runner, now),
            _ => totals.has_surplus(now),
        }
}

/// Once in its life, while a job waits: a runner that has asked for nothing, or has gone silent before its
/// listener was up. The times of its task show whether one that has asked for nothing had its time.
fn may_be_overdue(runner: &Runner, totals: &Book, now: Timestamp) -> bool {
    let is_slow = match runner.state {
        RunnerState::Starting => runner.boot.is_none(),
        _ => runner.is_silent(now),
    };
    is_slow
        && runner.overdue_at.is_none()
        && totals.jobs_wait_beside(runner)
        && totals.may_have_another_overdue(now)
}

/// It was Overdue before and has no JIT config, and a job still waits.
fn is_slow_again(runner: &Runner, totals: &Book, now: Timestamp) -> bool {
    runner.is_silent(now)
        && runner.overdue_at.is_some()
        && runner.has_no_config()
        && totals.jobs_wait_beside(runner)
}

/// What a stop says of the capacity. If the runner was on its way out, or had a job, it says nothing. Before
/// its first question, every end is a failed boot; after it, the exit code decides.
fn news_of_stop(runner: &Runner, class: StopClass, reason: &str) -> Option<News> {
    let reason = || reason.to_owned();
    let has_asked = runner.boot.is_some();
    match class {
        _ if !runner.state.is_on_its_way() => None,
        StopClass::NoCapacity if !has_asked => Some(News::NoCapacity(reason())),
        StopClass::InstanceGone if !has_asked => Some(News::InstanceGone(reason())),
        StopClass::Ended(_) if !has_asked => Some(News::BootFailed(reason())),
        StopClass::Ended(Ending::Removed) => Some(News::Reaped),
        StopClass::Ended(ending) if ending.thirds() > 0 => Some(News::RunFailed(ending.thirds(), reason())),
        StopClass::Ended(_) | StopClass::NoCapacity | StopClass::InstanceGone | StopClass::Ordinary => None,
    }
}

fn stopped(runner: &Runner, now: Timestamp) -> Outcome {
    Outcome::of_runner(moved(runner, RunnerState::Stopped, now), LedgerAnswer::Noted)
}

fn answer_for_unknown(event: &RunnerEvent) -> LedgerAnswer {
    match event {
        RunnerEvent::Asked(..) | RunnerEvent::Registered(..) => LedgerAnswer::Ask(AskAnswer::Leave),
        _ => LedgerAnswer::Noted,
    }
}
