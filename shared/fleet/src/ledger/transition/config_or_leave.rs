//! The answer to a runner's one question, and to the registration that may follow: who gets a JIT config, and
//! which idle runner leaves.
//!
//! *Needed* is checked before *surplus*: a runner that is up is not sent away while jobs wait and others
//! still boot. The answer's transaction updates `idle`, so two runners never get a JIT config for the same
//! demand.

use jiff::{SignedDuration, Timestamp};

use super::super::{
    AskAnswer, BOOT_LIMIT, Book, LeaveReason, LedgerAnswer, News, Outcome, Runner, RunnerState,
};
use super::leaving;
use super::moved;
use crate::ids::{BootDigest, GithubRunnerId};
use crate::question::Listener;

/// How long a runner may stay Busy without a worker process before it may leave. GitHub's events may be ahead
/// of the runner, but not by this much.
pub const BUSY_WITHOUT_WORKER: SignedDuration = SignedDuration::from_mins(2);

/// A boot asks what it is to do.
pub(super) fn asked(
    runner: &Runner,
    boot: &BootDigest,
    listener: Listener,
    totals: &Book,
    now: Timestamp,
) -> Outcome {
    if runner.boot.as_ref().is_some_and(|first| first != boot) {
        return of_another_boot(runner, now);
    }
    // It came up, so its capacity works.
    let news = runner.boot.is_none().then_some(News::Started);
    let heard = Runner {
        boot: Some(boot.clone()),
        asked_at: if listener == Listener::None { Some(now) } else { runner.asked_at },
        listened: runner.listened || listener == Listener::Up,
        ..runner.clone()
    };
    let leave = |reason| leaving(&heard, reason, LedgerAnswer::Ask(AskAnswer::Leave), now).with(news.clone());
    match runner.state {
        RunnerState::Leaving | RunnerState::Stopped => {
            Outcome::unchanged(LedgerAnswer::Ask(AskAnswer::Leave))
        }
        _ if listener == Listener::None && runner.listened => leave(LeaveReason::ConfigUsed),
        RunnerState::Busy if now.duration_since(runner.changed_at) >= BUSY_WITHOUT_WORKER => {
            leave(LeaveReason::NoWorker)
        }
        RunnerState::Busy => stays(runner, heard, AskAnswer::Wait).with(news),
        RunnerState::Starting | RunnerState::Idle | RunnerState::Overdue => {
            let has_listener = listener != Listener::None;
            if totals.is_closed() {
                leave(LeaveReason::PoolClosed)
            } else if totals.needs(runner, now) {
                let answer = if has_listener { AskAnswer::Wait } else { AskAnswer::Config };
                stays(runner, moved(&heard, RunnerState::Idle, now), answer).with(news)
            } else if has_listener && runner.state != RunnerState::Overdue && !totals.has_surplus(now) {
                stays(runner, heard, AskAnswer::Wait).with(news)
            } else {
                leave(LeaveReason::NotNeeded)
            }
        }
    }
}

/// GitHub made the JIT config for an answer. The registrar deletes the registration if this refuses it, so
/// the ledger has the id of every JIT config that is handed out.
pub(super) fn registered(
    runner: &Runner,
    boot: &BootDigest,
    github_id: GithubRunnerId,
    totals: &Book,
    now: Timestamp,
) -> Outcome {
    let is_its_own = runner.boot.as_ref() == Some(boot) && !runner.listened && !totals.is_closed();
    let with_id = Runner { github_id: Some(github_id), ..runner.clone() };
    match runner.state {
        RunnerState::Busy => Outcome::unchanged(LedgerAnswer::Ask(AskAnswer::Wait)),
        RunnerState::Idle if is_its_own => stays(runner, with_id, AskAnswer::Config),
        RunnerState::Overdue if is_its_own && totals.needs(runner, now) => {
            stays(runner, moved(&with_id, RunnerState::Idle, now), AskAnswer::Config)
        }
        RunnerState::Overdue if is_its_own => {
            leaving(runner, LeaveReason::NotNeeded, LedgerAnswer::Ask(AskAnswer::Leave), now)
        }
        RunnerState::Starting
        | RunnerState::Idle
        | RunnerState::Overdue
        | RunnerState::Leaving
        | RunnerState::Stopped => Outcome::unchanged(LedgerAnswer::Ask(AskAnswer::Leave)),
    }
}

/// A valid ticket from another boot than the one that asked first. Soon after the reservation, one of the two
/// is a thief, and the runner is worth nothing; later it is a replay.
fn of_another_boot(runner: &Runner, now: Timestamp) -> Outcome {
    let is_soon = now.duration_since(runner.reserved_at) < BOOT_LIMIT;
    if is_soon && runner.state.is_on_its_way() {
        leaving(runner, LeaveReason::AnotherBoot, LedgerAnswer::Ask(AskAnswer::Contested), now)
    } else {
        Outcome::unchanged(LedgerAnswer::Ask(AskAnswer::Replayed))
    }
}

/// The runner carries on. If nothing has changed, nothing is written.
fn stays(before: &Runner, after: Runner, answer: AskAnswer) -> Outcome {
    if after == *before {
        return Outcome::unchanged(LedgerAnswer::Ask(answer));
    }
    Outcome::of_runner(after, LedgerAnswer::Ask(answer))
}
