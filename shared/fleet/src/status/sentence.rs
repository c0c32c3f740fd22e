//! A reason as one sentence, and what happens next.

use jiff::{SignedDuration, Timestamp};

use super::reason::Reason;
use super::{clock, length, masked};
use crate::ids::PoolName;
use crate::ledger::RestCause;
use crate::quote;

/// What the ledger or GitHub is read by, at the latest.
const A_MINUTE: &str = "within about a minute";

impl Reason {
    /// The reason, in one sentence.
    pub fn sentence(&self, now: Timestamp) -> String {
        let at = |at: &Timestamp| clock(*at, now);
        match self {
            Self::LedgerUnread { why } => {
                format!("the ledger could not be read: {}", quote::sentence(&masked(why)))
            }
            Self::AnotherOrganisation { repository, organisation } => format!(
                "{} does not belong to {organisation}, and this stack serves no other organisation's jobs",
                quote::name(repository.as_str())
            ),
            Self::NotAtGithub => "GitHub has no such job, and nobody here has heard of it".to_owned(),
            Self::GithubHosted { label } => {
                format!("the job asks for {label}, a GitHub-hosted runner: GitHub serves it, Mayfly does not")
            }
            Self::NoPool { why } | Self::PublicRepository { why } => why.clone(),
            Self::NotKnown { why } => format!(
                "nobody here has heard of the job, and GitHub could not be asked about it: {}",
                quote::sentence(&masked(why))
            ),
            Self::WebhookMissing { pool, waits } => {
                let waits = waits.map(|waits| format!(" for {}", length(waits))).unwrap_or_default();
                format!(
                    "GitHub says that the job waits{waits} and {pool} serves it, but no webhook of it has arrived"
                )
            }
            Self::WaitsForApproval { environments } if environments.is_empty() => {
                "GitHub says that the job waits for an approval, or for another deployment protection rule"
                    .to_owned()
            }
            Self::WaitsForApproval { environments } => format!(
                "GitHub says that the job waits for an approval of environment {}",
                quote::list(environments.iter().map(String::as_str))
            ),
            Self::WaitsForConcurrency => {
                "GitHub says that the job waits for its concurrency group: another run of it is not over"
                    .to_owned()
            }
            Self::SaidToWait { since, .. } => {
                format!("GitHub said at {} that the job waits for an approval", at(since))
            }
            Self::Finished { conclusion, at: ended, waited } => {
                let how =
                    conclusion.as_deref().map(|it| format!(": {}", quote::name(it))).unwrap_or_default();
                let waited = waited.map(|it| format!("; it had waited {} for its runner", length(it)));
                format!("the job ended at {}{how}{}", at(ended), waited.unwrap_or_default())
            }
            Self::Cancelled { at: ended, had_begun } => {
                let when = if *had_begun { "while it ran" } else { "before a runner took it" };
                format!("the job was cancelled at {}, {when}", at(ended))
            }
            Self::Running { since, runner, is_ours, .. } => running(&at(since), runner.as_deref(), *is_ours),
            Self::Unserved { reason, since } => {
                format!("GitHub gives the job to no runner, since {}: {reason}", at(since))
            }
            _ => self.of_pool(now),
        }
    }

    /// The same, of what a pool is at.
    fn of_pool(&self, now: Timestamp) -> String {
        let at = |at: &Timestamp| clock(*at, now);
        match self {
            Self::PoolRemoved { pool } => {
                format!("pool {pool} was taken out of the map, and the job waits there")
            }
            Self::OutOfService { pool } => {
                format!("pool {pool} is out of service: its maximum in the map is 0")
            }
            Self::NoImage { pool } => {
                format!(
                    "pool {pool} launches nothing: the stack has no image for it, or another map is deployed"
                )
            }
            Self::OffHours { pool, live, maximum, .. } => {
                format!("pool {pool} is at its off-hours maximum, {live}/{maximum}")
            }
            Self::AtMaximum { pool, live, maximum, since, place, waiting } => {
                let since = since.map(|since| format!(" since {}", at(&since))).unwrap_or_default();
                format!(
                    "pool {pool} is at its maximum, {live}/{maximum}{since}; {}",
                    of_those(*place, *waiting)
                )
            }
            Self::CapacityRests { pool, until, why, fallback } => {
                let rests = format!("the capacity of {pool} rests until {} ({})", at(until), repeated(why));
                match fallback {
                    Some(fallback) => format!("{rests}; of its fallback: {}", fallback.sentence(now)),
                    None => format!("{rests}, and no fallback serves meanwhile"),
                }
            }
            Self::BreakerOpen { pool, cause, until, why } => format!(
                "pool {pool} launches nothing until {}: {} ({})",
                at(until),
                what_fails(*cause),
                repeated(why)
            ),
            Self::TooManyStarting { pool, starting, limit } => {
                format!(
                    "pool {pool} has {starting} starting, and no more than {limit} may wait for instances at once"
                )
            }
            Self::RunTaskPaced { pool, .. } => {
                format!("launches of {pool} wait for ECS's limit of RunTask calls")
            }
            Self::RegistrationsPaced { pool, .. } => {
                format!("launches of {pool} wait for GitHub's limit of runner registrations a minute")
            }
            Self::ToBeReserved { pool } => {
                format!("pool {pool} has room, and a runner is about to be reserved")
            }
            _ => self.of_runner(now),
        }
    }

    /// The same, of how far a runner is.
    fn of_runner(&self, now: Timestamp) -> String {
        match self {
            Self::LaunchPutOff { capacity, since, why, .. } => {
                format!(
                    "ECS puts the launch on {capacity} off, for {} now ({})",
                    length(*since),
                    repeated(why)
                )
            }
            Self::TaskAskedFor { capacity, since, .. } => {
                format!(
                    "a runner on {capacity} was reserved {} ago, and ECS does not list its task yet",
                    length(*since)
                )
            }
            Self::Provisioning { capacity, since, .. } => {
                on(capacity, "waiting for capacity (PROVISIONING)", *since)
            }
            Self::Pulling { capacity, since, .. } => on(capacity, "pulling its image", *since),
            Self::Starting { capacity, since, .. } => on(capacity, "starting its containers", *since),
            Self::Booting { capacity, since, .. } => on(capacity, "booting, without a question yet,", *since),
            Self::StartUnseen { capacity, since, .. } => {
                format!("a runner on {capacity} has been starting for {}; ECS was not read", length(*since))
            }
            Self::WaitsForConfig { since, until: Some(until), .. } => format!(
                "a runner is up and has waited {} for its JIT config: GitHub's rate limit holds until {}",
                length(*since),
                clock(*until, now)
            ),
            Self::WaitsForConfig { since, until: None, .. } => {
                format!("a runner is up and has waited {} for its JIT config from GitHub", length(*since))
            }
            Self::Connecting { since, .. } => {
                format!(
                    "a runner has had its JIT config for {}, and its listener is connecting to GitHub",
                    length(*since)
                )
            }
            Self::NotAssigned { since, .. } => {
                format!(
                    "a runner with the job's labels has been idle for {}, and GitHub has not given it the job",
                    length(*since)
                )
            }
            _ => String::new(),
        }
    }

    /// What happens next, and when.
    pub fn next(&self, now: Timestamp) -> String {
        let at = |at: &Timestamp| clock(*at, now);
        match self {
            Self::LedgerUnread { .. } => "ask again with access to the ledger's table".to_owned(),
            Self::AnotherOrganisation { .. } => {
                "nothing here: another stack, or another runner, has to serve it".to_owned()
            }
            Self::NotAtGithub => "look at the number: the URL of a job ends in /job/NUMBER".to_owned(),
            Self::GithubHosted { .. } => "look at GitHub's status page, and at the limits of your plan".to_owned(),
            Self::NoPool { .. } => "change runs-on, or give a pool the label; the run has to be started again".to_owned(),
            Self::PublicRepository { .. } => "nothing, until the map allows public repositories there".to_owned(),
            Self::NotKnown { .. } => {
                "give the job's URL and a token, so that GitHub can be asked; a job that no webhook told of is found by the sweep within about a minute".to_owned()
            }
            Self::WebhookMissing { .. } => format!("the reconciler's sweep finds it at GitHub {A_MINUTE}"),
            Self::WaitsForApproval { .. } => "it asks for a runner as soon as somebody approves it at GitHub".to_owned(),
            Self::WaitsForConcurrency => "it asks for a runner when the run before it ends".to_owned(),
            Self::SaidToWait { .. } => {
                "GitHub is read again within 15 minutes, and an approval's webhook comes sooner".to_owned()
            }
            Self::Finished { .. } => "nothing; `mayfly trace` shows where the time went".to_owned(),
            Self::Cancelled { .. } => "nothing".to_owned(),
            Self::Running { is_news: true, .. } => {
                "it ends by itself; the ledger hears of it by its webhook, or reads it within 3 minutes".to_owned()
            }
            Self::Running { .. } => "it ends by itself".to_owned(),
            Self::Unserved { .. } => "it is tried again about every hour, until GitHub gives it up after a day".to_owned(),
            Self::PoolRemoved { .. } | Self::OutOfService { .. } => {
                "the scheduler routes it to another pool with its labels in the next minute, if there is one".to_owned()
            }
            Self::NoImage { .. } => "nothing, until an image is deployed: the stack's output WithoutImages says which is missing".to_owned(),
            Self::OffHours { until: Some(until), .. } => {
                format!("a runner that ends makes room; another maximum holds from {} on", at(until))
            }
            Self::OffHours { .. } | Self::AtMaximum { .. } => {
                "the next runner that ends makes room, mostly for the job that has waited longest".to_owned()
            }
            Self::CapacityRests { fallback: Some(fallback), .. } => fallback.next(now),
            Self::CapacityRests { until, .. } => format!("it is tried again at {}", at(until)),
            Self::BreakerOpen { until, .. } => format!("one runner is tried at {}; what fails has to be mended", at(until)),
            Self::TooManyStarting { .. } => "as soon as one of them has asked, the next is launched".to_owned(),
            Self::RunTaskPaced { until, .. } => format!("the next call may be made at {}", at(until)),
            Self::RegistrationsPaced { until, .. } => format!("the next runners are launched from {} on", at(until)),
            Self::ToBeReserved { .. } => format!("it is reserved by the next message or tick, {A_MINUTE}"),
            _ => self.next_of_runner(),
        }
    }

    /// The same, of a runner that is on its way.
    fn next_of_runner(&self) -> String {
        match self {
            Self::LaunchPutOff { .. } => "the scheduler tries again each minute, for 15 minutes".to_owned(),
            Self::TaskAskedFor { .. } => format!("the scheduler makes sure of its task {A_MINUTE}"),
            Self::Provisioning { .. } => {
                "after five minutes its capacity rests, and the fallback is launched, if the pool has one".to_owned()
            }
            Self::WaitsForConfig { .. } => "it asks again within a minute".to_owned(),
            Self::NotAssigned { .. } => {
                "GitHub gives it out within seconds; else the job is read after 2 minutes, and the runner replaced".to_owned()
            }
            _ => "three minutes after its capacity was there a spare is launched beside it, if it has not come up".to_owned(),
        }
    }
}

fn running(since: &str, runner: Option<&str>, is_ours: bool) -> String {
    match (runner, is_ours) {
        (Some(runner), true) => format!("the job has been running since {since} on {}", quote::name(runner)),
        (Some(runner), false) => {
            format!(
                "the job has been running since {since} on {}, which is not Mayfly's",
                quote::name(runner)
            )
        }
        (None, _) => format!("the job has been running since {since}; nobody names its runner"),
    }
}

fn on(capacity: &PoolName, what: &str, since: SignedDuration) -> String {
    format!("the task of a runner on {capacity} has been {what} for {}", length(since))
}

fn of_those(place: usize, waiting: usize) -> String {
    match (place, waiting) {
        (1, 1) => "no other job waits there".to_owned(),
        (1, _) => format!("the job is the oldest of {waiting} that wait"),
        _ => format!("the job is number {place} of {waiting} that wait"),
    }
}

fn what_fails(cause: RestCause) -> &'static str {
    match cause {
        RestCause::NoCapacity => "ECS has no capacity",
        RestCause::LaunchRefused => "ECS refuses its launches",
        RestCause::BootFailures => "one runner after the other fails before its first question",
        RestCause::RunFailures => "one runner after the other fails before a job",
    }
}

/// Somebody's words, in short and without what may be secret.
fn repeated(why: &str) -> String {
    quote::sentence(&masked(why))
}
