//! What can go wrong on the platform, each with its own rate: one table.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Serialize, Serializer};

use crate::sandbox::FunctionName;

/// When an invocation crashes, by one of its calls to the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashPoint {
    /// Before its effect.
    Before,
    /// After it, before the answer.
    After,
}

/// A call of a function that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// SQS's `SendMessage`.
    Send,
    /// A write of the ledger.
    Commit,
    /// ECS's `RunTask`.
    RunTask,
    /// ECS's `StopTask`.
    StopTask,
    /// A call that changes something at GitHub.
    Github,
}

/// The calls by which a function may crash. A further function is a further row.
const CALLS: &[(FunctionName, &[Call])] = &[
    (FunctionName::Webhook, &[Call::Send]),
    (FunctionName::Launcher, &[Call::Commit, Call::Send, Call::RunTask, Call::StopTask]),
    (FunctionName::Registrar, &[Call::Commit, Call::Github]),
    (FunctionName::Scheduler, &[Call::Commit, Call::Send, Call::RunTask, Call::StopTask]),
    (FunctionName::Reconciler, &[Call::Commit, Call::StopTask, Call::Github, Call::Send]),
];

/// The faults that are no crash: name, and sentence.
macro_rules! faults {
    ($($name:ident = $tells:literal;)+) => {
        /// One thing that can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $tells] $name,)+
            /// An invocation of a function crashes by one of its calls.
            Crash(FunctionName, CrashPoint, Call),
        }

        /// Every fault that is not a crash.
        const PLAIN: &[Fault] = &[$(Fault::$name),+];

        impl Fault {
            /// What happens, in a few words.
            pub fn tells(self) -> String {
                match self {
                    $(Self::$name => $tells.to_owned(),)+
                    Self::Crash(function, moment, call) => crash(function, moment, call),
                }
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                    Self::Crash(..) => "Crash",
                }
            }
        }
    };
}

faults! {
    WebhookDropped = "GitHub never delivers a webhook of a job that waits";
    WebhooksNever = "GitHub delivers no webhook at all";
    WebhookOfRunDropped = "GitHub never delivers a webhook of a job that runs, or has ended";
    WebhookUnanswered = "GitHub delivers a webhook and gets no answer";
    WebhookDoubled = "a webhook is delivered twice";
    WebhookDelayed = "a webhook comes up to six hours late";
    SendFails = "the queue takes no message";
    SendAnswerLost = "the queue takes the message and its answer is lost";
    MessageComesAgain = "a message that was handled is delivered again";
    IndexLags = "the ledger's index is ten seconds behind";
    EventualReadLags = "an eventually consistent read of the ledger is three seconds behind";
    LedgerReadFails = "the ledger does not answer a read";
    CommitAnswerLost = "the ledger writes and its answer is lost";
    SpendFails = "the ledger does not add to a meter";
    SpendAnswerLost = "the ledger adds to a meter and its answer is lost";
    RunTaskAnswerLost = "RunTask starts the task and its answer is lost";
    RunTaskThrottled = "RunTask is throttled";
    RunTaskAgentFails = "RunTask answers failures[] with AGENT";
    RunTaskNoCapacity = "RunTask answers failures[] with no capacity";
    RunTaskRefused = "RunTask is refused for good";
    TaskFailsToStart = "a task fails to start";
    TaskNeverStarts = "a task stays PROVISIONING until ECS gives it up";
    TaskNeverAsks = "PID 1 hangs before its first question";
    HangsWithoutConfig = "PID 1 hangs after a question, without a JIT config";
    HangsUnneeded = "PID 1 hangs when it has to leave, without a JIT config";
    HangsWithConfig = "PID 1 hangs with its JIT config in hand";
    HangsReleased = "PID 1 hangs when it has to leave, and had a JIT config";
    HangsIdle = "PID 1 hangs beside its listener";
    TaskDiesAsking = "a task dies while its question is answered";
    PreparationFails = "Docker does not come up beside PID 1";
    RestoreHangs = "the tool cache's source keeps PID 1 waiting for ever";
    ListenerSaysNothing = "a listener does not say that it is up, nor that it runs a job";
    FreezeFails = "a process below PID 1 cannot be made to stand still";
    ImageEnds = "a task's image ends with 0 before PID 1 asks for anything";
    RunnerOutdated = "the runner program exits with 7: GitHub refuses its version";
    RunnerFails = "the runner program exits with 1 before it listens";
    TaskExitsWithoutJob = "a runner exits with 0 and had no job";
    RunnerDiesIdle = "a runner dies before its job";
    RunnerDiesAtWork = "a runner dies during its job";
    RegistrarStartsSlowly = "Lambda starts a registrar for up to ten seconds";
    AnswerLost = "the answer to a question is lost";
    RunnerReaped = "GitHub removes an idle runner after some minutes";
    WebhookNameless = "a webhook of a job that runs, or ran, names no runner";
    JobGivenAtDeletion = "GitHub gives a runner a job as it deletes its registration";
    StopEventDoubled = "a stop event comes twice";
    StopEventLate = "a stop event comes up to an hour late";
    StopEventLost = "a stop event is lost";
    GithubAsksToWait = "GitHub answers 403, and asks everybody to wait a minute";
    GithubReadsLate = "GitHub's answer about a job is on its way for up to twenty seconds";
    GithubNamesNobody = "GitHub's answer about a job that runs names no runner";
    JobLeftQueued = "GitHub ends a run, leaves its job queued, and tells nobody";
    JobForgotten = "a job that waits is deleted with its repository, without a webhook";
    GithubConflicts = "GitHub answers 409 for a name that is free";
    GithubSlow = "GitHub takes up to twenty seconds for an answer";
    GithubListEmpty = "GitHub's list of runners is empty";
    GithubListLags = "GitHub's list of runners lags behind";
    GithubCallsBusy = "GitHub refuses to delete an idle registration, because it is busy";
    PostLandsLate = "a registration is made after its registrar has ended";
    GithubRefuses = "GitHub answers 422";
    GithubFails = "GitHub answers 502";
    GithubAnswerLost = "GitHub does it and its answer is lost";
    ClocksDiffer = "the clocks of the functions are minutes apart";
    MapChanges = "a pool leaves the map and comes back, and each function learns of it at another time";
    BooksMiscounted = "somebody writes books by hand, which differ from their items then";
    GroupRefuses = "the runner group is not for a repository, and GitHub gives its jobs to nobody";
    Deploys = "deploys are under way for minutes: RunTask finds what it names inactive, or refuses every launch";
    ShortJobs = "jobs last for seconds, and many are cancelled";
    BrokenForHours = "one fault strikes always, for hours or a day";
    SchedulerTickMissed = "a tick of the scheduler does not come";
    SchedulerTickDoubled = "a tick of the scheduler comes twice";
    ReconcilerPassMissed = "a pass of the reconciler does not come";
    ReconcilerPassDoubled = "a pass of the reconciler comes twice";
    ActivitiesUnknown = "Auto Scaling does not answer why a group does not grow";
    AutoScalingSlow = "Auto Scaling answers after up to three quarters of a minute";
}

impl Fault {
    /// Faults of a whole world: they strike in a few worlds, and there as the world's plan has them.
    pub const OF_A_WORLD: [Self; 8] = [
        Self::ClocksDiffer,
        Self::MapChanges,
        Self::ShortJobs,
        Self::BrokenForHours,
        Self::BooksMiscounted,
        Self::GroupRefuses,
        Self::Deploys,
        Self::WebhooksNever,
    ];

    /// Every fault.
    pub fn all() -> impl Iterator<Item = Self> {
        PLAIN.iter().copied().chain(Self::crashes(|_| true))
    }

    /// The crashes of some functions.
    pub fn crashes(of: impl Fn(FunctionName) -> bool) -> impl Iterator<Item = Self> {
        let calls = CALLS.iter().filter(move |(function, _)| of(*function));
        calls.flat_map(|&(function, calls)| {
            let moments = move |&call| {
                [CrashPoint::Before, CrashPoint::After].map(|at| Self::Crash(function, at, call))
            };
            calls.iter().flat_map(moments)
        })
    }
}

/// What happens in a crash: `the launcher crashes before RunTask`.
fn crash(function: FunctionName, moment: CrashPoint, call: Call) -> String {
    let what = match (call, moment) {
        (Call::Send, CrashPoint::Before) => "before it sends the message",
        (Call::Send, CrashPoint::After) => "before it answers",
        (Call::Commit, CrashPoint::Before) => "before it writes",
        (Call::Commit, CrashPoint::After) => "after it wrote",
        (Call::RunTask, CrashPoint::Before) => "before RunTask",
        (Call::RunTask, CrashPoint::After) => "after RunTask",
        (Call::StopTask, CrashPoint::Before) => "before StopTask",
        (Call::StopTask, CrashPoint::After) => "after StopTask",
        (Call::Github, CrashPoint::Before) => "before it calls GitHub",
        (Call::Github, CrashPoint::After) => "after it called GitHub",
    };
    format!("the {} crashes {what}", format!("{function:?}").to_lowercase())
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Its name in words with dashes: `webhook-dropped`, `launcher-crash-before-run-task`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(function, moment, call) => {
                f.write_str(&dashed(&format!("{function:?}Crash{moment:?}{call:?}")))
            }
            plain => f.write_str(&dashed(plain.name())),
        }
    }
}

/// `WebhookDropped` as `webhook-dropped`.
fn dashed(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// How likely each fault is, every time that it could happen.
pub type Rates = BTreeMap<Fault, f64>;

/// Strikes by its rates. It draws from numbers of its own, so that a sandbox without faults runs the
/// same whether it has weather or not.
#[derive(Debug)]
pub(crate) struct Weather {
    rates: RefCell<Rates>,
    fair_since: Cell<Option<Timestamp>>,
    struck: RefCell<Vec<(Fault, Timestamp)>>,
    random: RefCell<StdRng>,
}

impl Weather {
    pub(crate) fn new(seed: u64) -> Self {
        let random = RefCell::new(StdRng::seed_from_u64(!seed));
        Self { rates: RefCell::default(), fair_since: Cell::new(None), struck: RefCell::default(), random }
    }

    pub(crate) fn set(&self, rates: Rates, now: Timestamp) {
        self.fair_since.set(rates.is_empty().then_some(now));
        *self.rates.borrow_mut() = rates;
    }

    pub(crate) fn set_one(&self, fault: Fault, rate: f64) {
        self.rates.borrow_mut().insert(fault, rate);
    }

    /// Since when nothing goes wrong; `None` while something does.
    pub(crate) fn fair_since(&self) -> Option<Timestamp> {
        self.fair_since.get()
    }

    pub(crate) fn strikes(&self, fault: Fault, now: Timestamp) -> bool {
        let Some(rate) = self.rates.borrow().get(&fault).copied() else { return false };
        let strikes = self.random.borrow_mut().random_bool(rate.clamp(0.0, 1.0));
        if strikes {
            self.struck.borrow_mut().push((fault, now));
        }
        strikes
    }

    /// Each strike with its time, in their order.
    pub(crate) fn struck(&self) -> Vec<(Fault, Timestamp)> {
        self.struck.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_fault_has_a_name_and_a_sentence_of_its_own() {
        let names: BTreeSet<String> = Fault::all().map(|fault| fault.to_string()).collect();
        let sentences: BTreeSet<String> = Fault::all().map(Fault::tells).collect();
        assert_eq!((names.len(), sentences.len()), (Fault::all().count(), Fault::all().count()));
        let crash = Fault::Crash(FunctionName::Launcher, CrashPoint::Before, Call::RunTask);
        assert_eq!(
            (crash.to_string(), crash.tells()),
            ("launcher-crash-before-run-task".to_owned(), "the launcher crashes before RunTask".to_owned())
        );
        assert_eq!(Fault::WebhookDropped.to_string(), "webhook-dropped");
    }
}
