//! Why a job waits, or no longer does.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ids::{PoolName, Repository, RunnerId};
use crate::label::Label;
use crate::ledger::{RestCause, UnservedReason};

/// The one reason that is given for a job's wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// The ledger could not be read, and GitHub tells no more.
    LedgerUnread {
        /// Why.
        why: String,
    },
    /// Its repository is none of the organisation's.
    AnotherOrganisation {
        /// The repository.
        repository: Repository,
        /// The organisation whose jobs get runners.
        organisation: String,
    },
    /// GitHub has no such job.
    NotAtGithub,
    /// It asks for one of GitHub's own runners.
    GithubHosted {
        /// The label that says so.
        label: Label,
    },
    /// No pool serves it, and why, in routing's words.
    NoPool {
        /// Why.
        why: String,
    },
    /// Its repository is public, and the pools that have its labels take no such jobs.
    PublicRepository {
        /// Why, in routing's words.
        why: String,
    },
    /// Nobody here knows it, and GitHub was not read.
    NotKnown {
        /// Why GitHub was not read.
        why: String,
    },
    /// Nobody here knows it, though GitHub says that it waits and a pool serves it: its webhook is under way, or
    /// lost.
    WebhookMissing {
        /// The pool that serves it.
        pool: PoolName,
        /// How long it waits.
        waits: Option<SignedDuration>,
    },
    /// GitHub lets it wait for an approval.
    WaitsForApproval {
        /// The environments whose approval is missing.
        environments: Vec<String>,
    },
    /// GitHub lets it wait for a concurrency group.
    WaitsForConcurrency,
    /// GitHub has said that it waits for an approval, and was not read now.
    SaidToWait {
        /// When GitHub said so.
        since: Timestamp,
        /// When it was read last.
        read_at: Option<Timestamp>,
    },
    /// It has ended.
    Finished {
        /// How, in GitHub's word.
        conclusion: Option<String>,
        /// When.
        at: Timestamp,
        /// How long it had waited for its runner.
        waited: Option<SignedDuration>,
    },
    /// It was cancelled.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Whether it had begun.
        had_begun: bool,
    },
    /// A runner is at it.
    Running {
        /// Since when.
        since: Timestamp,
        /// The runner's name; `None` where nobody says.
        runner: Option<String>,
        /// Whether it is one of ours.
        is_ours: bool,
        /// Whether the ledger does not know that yet.
        is_news: bool,
    },
    /// Runners of ours have waited beside it, and GitHub gave it to none.
    Unserved {
        /// Why, most likely.
        reason: UnservedReason,
        /// Since when.
        since: Timestamp,
    },
    /// Its pool was taken out of the map.
    PoolRemoved {
        /// The pool.
        pool: PoolName,
    },
    /// The maximum of its pool is 0 in the map.
    OutOfService {
        /// The pool.
        pool: PoolName,
    },
    /// Its pool launches nothing, though the map would let it: there is no image for it, most likely.
    NoImage {
        /// The pool.
        pool: PoolName,
    },
    /// Its pool is at the maximum of this hour, which is lower than that of working hours.
    OffHours {
        /// The pool.
        pool: PoolName,
        /// Runners that live on its capacity.
        live: i64,
        /// The maximum of this hour.
        maximum: i64,
        /// When another one holds.
        until: Option<Timestamp>,
    },
    /// Its pool is at its maximum.
    AtMaximum {
        /// The pool.
        pool: PoolName,
        /// Runners that live on its capacity.
        live: i64,
        /// The maximum.
        maximum: i64,
        /// Since when, if that is known.
        since: Option<Timestamp>,
        /// Its place among those that wait, from 1 on.
        place: usize,
        /// How many wait.
        waiting: usize,
    },
    /// ECS had no capacity, so that nothing is launched there for a while.
    CapacityRests {
        /// The pool.
        pool: PoolName,
        /// Until when.
        until: Timestamp,
        /// In ECS's words.
        why: String,
        /// What its fallback is at.
        fallback: Option<Box<Self>>,
    },
    /// Launches fail one after the other.
    BreakerOpen {
        /// The pool.
        pool: PoolName,
        /// What fails.
        cause: RestCause,
        /// When the next one is tried.
        until: Timestamp,
        /// The last failure.
        why: String,
    },
    /// As many runners wait for instances as may.
    TooManyStarting {
        /// The pool.
        pool: PoolName,
        /// How many start.
        starting: i64,
        /// How many may.
        limit: u32,
    },
    /// `RunTask` is paced to what ECS takes.
    RunTaskPaced {
        /// The pool.
        pool: PoolName,
        /// When the next call may be made.
        until: Timestamp,
    },
    /// Launches are paced to what GitHub registers in a minute.
    RegistrationsPaced {
        /// The pool.
        pool: PoolName,
        /// When the next minute begins.
        until: Timestamp,
    },
    /// Nothing is in the way: its runner is about to be reserved.
    ToBeReserved {
        /// The pool.
        pool: PoolName,
    },
    /// `RunTask` was put off.
    LaunchPutOff {
        /// The runner.
        runner: RunnerId,
        /// Where it is to run.
        capacity: PoolName,
        /// How long ago it was reserved.
        since: SignedDuration,
        /// Why, in ECS's words.
        why: String,
    },
    /// Its task was asked for, and ECS does not list it yet.
    TaskAskedFor {
        /// The runner.
        runner: RunnerId,
        /// Where it is to run.
        capacity: PoolName,
        /// How long ago it was reserved.
        since: SignedDuration,
    },
    /// Its task waits for capacity.
    Provisioning {
        /// The runner.
        runner: RunnerId,
        /// Where it runs.
        capacity: PoolName,
        /// For how long.
        since: SignedDuration,
    },
    /// Its task pulls its images.
    Pulling {
        /// The runner.
        runner: RunnerId,
        /// Where it runs.
        capacity: PoolName,
        /// For how long.
        since: SignedDuration,
    },
    /// The containers of its task are made.
    Starting {
        /// The runner.
        runner: RunnerId,
        /// Where it runs.
        capacity: PoolName,
        /// For how long.
        since: SignedDuration,
    },
    /// Its task runs, and PID 1 has not asked yet.
    Booting {
        /// The runner.
        runner: RunnerId,
        /// Where it runs.
        capacity: PoolName,
        /// For how long.
        since: SignedDuration,
    },
    /// Its runner starts, and ECS was not read.
    StartUnseen {
        /// The runner.
        runner: RunnerId,
        /// Where it runs.
        capacity: PoolName,
        /// How long ago it was reserved.
        since: SignedDuration,
    },
    /// Its runner is up, and waits for its JIT config.
    WaitsForConfig {
        /// The runner.
        runner: RunnerId,
        /// For how long.
        since: SignedDuration,
        /// Until when GitHub's limit holds it, if that is it.
        until: Option<Timestamp>,
    },
    /// Its runner has its JIT config, and its listener is not up.
    Connecting {
        /// The runner.
        runner: RunnerId,
        /// For how long.
        since: SignedDuration,
    },
    /// A runner that could serve it listens, and GitHub has not given it the job.
    NotAssigned {
        /// The runner.
        runner: RunnerId,
        /// For how long.
        since: SignedDuration,
        /// How many runners were counted out that had listened beside it.
        passed_over: u32,
    },
}
