//! The races that a world may run into: two things that cross, or come in an order that is not theirs.
//!
//! A rule that no world ever puts to the test proves nothing, so what was reached is counted.

use std::fmt;

use fleet::ledger::{Item, Job, JobState, LeaveReason, Runner, RunnerState};

/// The races: name, and a sentence.
macro_rules! races {
    ($($name:ident = $tells:literal;)+) => {
        /// Something that crosses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Race {
            $(#[doc = $tells] $name,)+
        }

        impl Race {
            /// Every race.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What happens, in a few words.
            pub fn tells(self) -> &'static str {
                match self {
                    $(Self::$name => $tells,)+
                }
            }
        }
    };
}

races! {
    OverdueIsNeeded = "an overdue runner comes up, and is still needed";
    OverdueIsNotNeeded = "an overdue runner comes up, and its spare was faster";
    OverdueTakesAJob = "an overdue runner takes a job";
    LeavingTakesAJob = "a runner that was told to leave takes a job";
    LeavingIsAnsweredLate = "a JIT config is made for a runner that was fenced meanwhile";
    RegistrationReplaced = "the registration of a lost answer is replaced";
    StopsUnregistered = "a task stops while its JIT config is made";
    SilentAfterAQuestion = "a runner without a JIT config comes to its boot limit after a question";
    SlowTwice = "a runner that came back is slow for a second time";
    BusyWithoutWorker = "a runner that GitHub called busy has no worker";
    TwoBoots = "two boots ask with one ticket";
    ClosedUnderARunner = "a pool leaves the map under a runner that asks";
    EndBeforeBegin = "the end of a job comes before its begin";
    BeginBeforeDemand = "a job's begin, or its end, comes before it was queued";
    HeardAgain = "a waiting job is queued again";
    PlaceRests = "GitHub removes idle runners until their place rests";
    LatePostLands = "a registration lands whose registrar has ended";
    LatePostMeetsItsName = "a registration comes too late: its name is taken";
    OutOfPatience = "PID 1 gives up an answer that is still under way";
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tells())
    }
}

/// The races that a write shows.
pub(crate) fn of_write(before: Option<&Item>, after: &Item) -> Vec<Race> {
    match (before, after) {
        (Some(Item::Runner(before)), Item::Runner(after)) => of_runner(before, after).into_iter().collect(),
        (before, Item::Job(after)) => of_job(before.and_then(Item::job), after).into_iter().collect(),
        (Some(Item::Book(before)), Item::Book(after)) if after.resting != before.resting => {
            vec![Race::PlaceRests]
        }
        _ => Vec::new(),
    }
}

fn of_runner(before: &Runner, after: &Runner) -> Option<Race> {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Stopped};
    let leaves = |reason| after.state == Leaving && before.state != Leaving && after.leaves == Some(reason);
    Some(match (before.state, after.state) {
        (Overdue, Idle) => Race::OverdueIsNeeded,
        (Overdue, Busy) => Race::OverdueTakesAJob,
        (Overdue, Leaving) if leaves(LeaveReason::NotNeeded) => Race::OverdueIsNotNeeded,
        (Leaving, Busy) => Race::LeavingTakesAJob,
        (Idle, Idle) if before.github_id.is_some() && after.github_id != before.github_id => {
            Race::RegistrationReplaced
        }
        (Idle, Stopped) if before.has_no_config() => Race::StopsUnregistered,
        (_, Leaving) if leaves(LeaveReason::BootFailed) && before.boot.is_some() => {
            if before.overdue_at.is_some() && before.state == Idle {
                Race::SlowTwice
            } else {
                Race::SilentAfterAQuestion
            }
        }
        (_, Leaving) if leaves(LeaveReason::NoWorker) => Race::BusyWithoutWorker,
        (_, Leaving) if leaves(LeaveReason::AnotherBoot) => Race::TwoBoots,
        (_, Leaving) if leaves(LeaveReason::PoolClosed) => Race::ClosedUnderARunner,
        _ => return None,
    })
}

fn of_job(before: Option<&Job>, after: &Job) -> Option<Race> {
    match (before.map(|job| job.state), after.state) {
        (None, JobState::InProgress | JobState::Completed) => Some(Race::BeginBeforeDemand),
        (Some(JobState::Queued), JobState::Completed) if after.runner.is_some() => Some(Race::EndBeforeBegin),
        (Some(JobState::Queued), JobState::Queued)
            if after.heard_at != before.and_then(|job| job.heard_at) =>
        {
            Some(Race::HeardAgain)
        }
        _ => None,
    }
}
