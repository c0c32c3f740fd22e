//! Counts what the functions use: around each of them, and at each effect on the ledger and the queue.

mod billed;
mod effects;
mod functions;
mod instance;
mod log;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;

use cloudwatch::metrics::Metrics;
use fleet::metric::Metric;
use fleet::settings::FromParameters;
use github::app::metrics::{GITHUB_CALLS, OUTCOME, RATE_LIMIT_REMAINING};
use jiff::Timestamp;
use sandbox::{FunctionName, Operation, Sandbox, Service};

pub(crate) use self::functions::Metered;
use self::instance::Instance;
pub(crate) use self::log::CountedLog;
use crate::assumed::Assumed;
use crate::deployed::DeployedStack;
use crate::usage::{Counts, Tallies, Tally, Usage, Used, UsedBy};

/// An event's id, as long as Lambda's.
const REQUEST: &str = "6d68ca91-49c9-448d-89b8-7ca3e6dc66aa";

/// GitHub's calls that are left in the hour, in a line of metrics: of the usual length.
const CALLS_LEFT: f64 = 4321.0;

/// The metrics of a day.
#[derive(Debug, Clone, Default)]
pub struct EmittedMetrics {
    /// As the functions publish them.
    pub published: Metrics,
    /// As if each were published, split by all of its fields.
    pub split: Metrics,
}

/// The meter. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct CostMeter(Rc<MeteredDay>);

#[derive(Debug)]
struct MeteredDay {
    sandbox: Sandbox,
    assumed: Assumed,
    deployed: DeployedStack,
    used: RefCell<Used>,
    /// Units written, by what they were written of.
    written: RefCell<Tallies>,
    /// The instances of each function that have no event now.
    idle: RefCell<BTreeMap<FunctionName, Vec<Instance>>>,
    log: CountedLog,
    /// Every metric that may be counted.
    table: Vec<Metric>,
    emitted: RefCell<EmittedMetrics>,
    /// Whether the ledger was used since the last look.
    is_ledger_used: Cell<bool>,
    /// What could not be counted.
    problem: RefCell<Option<anyhow::Error>>,
}

impl CostMeter {
    /// A meter of this sandbox, whose functions are deployed like this.
    pub(crate) fn new(sandbox: &Sandbox, assumed: &Assumed, deployed: &DeployedStack) -> Self {
        let meter = Self(Rc::new(MeteredDay {
            sandbox: sandbox.clone(),
            assumed: assumed.clone(),
            deployed: deployed.clone(),
            used: RefCell::default(),
            written: RefCell::default(),
            idle: RefCell::default(),
            log: CountedLog::default(),
            table: cloudwatch::table(),
            emitted: RefCell::default(),
            is_ledger_used: Cell::new(false),
            problem: RefCell::default(),
        }));
        let state = Rc::downgrade(&meter.0);
        sandbox.observe(move |effect| {
            if let Some(state) = state.upgrade() {
                Self(state).effect(effect);
            }
        });
        meter
    }

    /// Where the functions' lines go.
    pub(crate) fn log(&self) -> &CountedLog {
        &self.0.log
    }

    /// The metrics that were emitted so far.
    pub(crate) fn emitted(&self) -> EmittedMetrics {
        self.0.emitted.borrow().clone()
    }

    /// What was counted so far; an error if something could not be.
    #[expect(clippy::cast_precision_loss, reason = "a number of calls")]
    pub(crate) fn counts(&self) -> anyhow::Result<Counts> {
        if let Some(problem) = self.0.problem.take() {
            return Err(problem);
        }
        let mut used = self.0.used.borrow().clone();
        let lines = self.0.log.bytes();
        for (part, usage) in &mut used {
            if let UsedBy::Function(function) = part {
                usage.line_bytes = lines.get(function).copied().unwrap_or_default();
            }
        }
        if let Some(reconciler) = used.get_mut(&UsedBy::Function(FunctionName::Reconciler)) {
            reconciler.seconds += self.seconds_of_the_reconciler(reconciler.invocations);
        }
        let calls = self.0.sandbox.calls_so_far().into_iter();
        let calls = calls.map(|((function, call), count)| ((Tally::Call(call), function), count as f64));
        let tallies = self.0.written.borrow().clone().into_iter().chain(calls).collect();
        Ok(Counts { used, tallies })
    }

    /// One event of a function; `work` handles it.
    async fn event<T>(&self, function: FunctionName, work: impl Future<Output = T>) -> T {
        let mut instance = self.instance(function);
        self.read_settings(function, &mut instance);
        let began = self.now();
        let span = aws::boot::span(REQUEST);
        let mut work = pin!(work);
        let answer = std::future::poll_fn(|context| {
            let asked = self.calls_of_github(function);
            let poll = metrics::with_local_recorder(instance.recorder(), || {
                let poll = self.0.log.of(function, || span.in_scope(|| work.as_mut().poll(context)));
                tell_github(self.calls_of_github(function) - asked);
                poll
            });
            self.read_table_key(function, &mut instance);
            poll
        });
        let answer = answer.await;
        self.ended(function, instance, began);
        answer
    }

    /// An instance for an event: one that has none, or a new one.
    fn instance(&self, function: FunctionName) -> Instance {
        let now = self.now();
        let idle = self.0.idle.borrow_mut().entry(function).or_default().pop();
        if let Some(instance) = idle.filter(|it| it.is_younger(now, self.0.assumed.lambda.instance_hours)) {
            return instance;
        }
        let (lambda, logs) = (&self.0.assumed.lambda, &self.0.assumed.logs);
        // What `main.rs` of each opens its connections with.
        let opens = match function {
            FunctionName::Webhook => Usage { queue_requests: 1.0, ..Usage::default() },
            _ => Usage { reads: 1.0, ..Usage::default() },
        };
        let start = Usage {
            starts: 1.0,
            seconds: lambda.init_of(function).ceil() / 1000.0,
            platform_bytes: self.of_lambda(function, &[&logs.init_start]),
            ..opens
        };
        let secrets = f64::from(self.0.assumed.secrets.a_folder);
        let reads = Self::a_read_of_settings(function);
        let decrypts = reads.parameter_reads * secrets;
        self.add(UsedBy::Function(function), start + Usage { decrypts, ..reads });
        Instance::new(now)
    }

    /// Old settings are read again during the event. They have not changed, so nothing is decrypted.
    fn read_settings(&self, function: FunctionName, instance: &mut Instance) {
        if instance.has_old_settings(self.now()) {
            self.0.log.of(function, aws::boot::tell_read_again);
            self.add(UsedBy::Function(function), Self::a_read_of_settings(function));
        }
    }

    /// Bytes of these lines of Lambda's, if it writes them.
    fn of_lambda(&self, function: FunctionName, lines: &[&str]) -> f64 {
        let is_logged = self.0.deployed.logged_by_lambda.contains(&function);
        if is_logged { lines.iter().copied().map(length).sum() } else { 0.0 }
    }

    fn a_read_of_settings(function: FunctionName) -> Usage {
        let parameter_reads = f64::from(u32::try_from(folders(function).len()).unwrap_or(u32::MAX));
        Usage { parameter_reads, ..Usage::default() }
    }

    /// DynamoDB asks KMS for the table's key again, if this event used the table.
    fn read_table_key(&self, function: FunctionName, instance: &mut Instance) {
        let is_used = self.0.is_ledger_used.replace(false) && self.0.deployed.has_table_key;
        if is_used && instance.has_old_table_key(self.now(), self.0.assumed.secrets.table_key_minutes) {
            self.add(UsedBy::Function(function), Usage { decrypts: 1.0, ..Usage::default() });
        }
    }

    /// The calls that GitHub's client makes: it remembers a group that it has found.
    fn calls_of_github(&self, function: FunctionName) -> u64 {
        if !matches!(function, FunctionName::Registrar | FunctionName::Reconciler) {
            return 0;
        }
        let is_made =
            |call: Operation| call.service() == Service::Github && call != Operation::FindRunnerGroup;
        let calls = self.0.sandbox.calls_so_far();
        let made = calls.iter().filter(|((by, call), _)| *by == function && is_made(*call));
        made.map(|(_, count)| *count).sum()
    }

    fn add(&self, part: UsedBy, usage: Usage) {
        let mut used = self.0.used.borrow_mut();
        let so_far = used.entry(part).or_default();
        *so_far = *so_far + usage;
    }

    fn now(&self) -> Timestamp {
        self.0.sandbox.manual_clock().now()
    }
}

/// What GitHub's client would count for each call: the sandbox replaces it.
fn tell_github(calls: u64) {
    if calls > 0 {
        metrics::counter!(GITHUB_CALLS.name, OUTCOME => "Done").increment(calls);
        metrics::gauge!(RATE_LIMIT_REMAINING.name).set(CALLS_LEFT);
    }
}

/// The folders of the Parameter Store that a function reads.
fn folders(function: FunctionName) -> &'static [&'static str] {
    match function {
        FunctionName::Webhook => webhook::WebhookSettings::FOLDERS,
        FunctionName::Launcher => launcher::LauncherSettings::FOLDERS,
        FunctionName::Registrar => registrar::RegistrarParameters::FOLDERS,
        FunctionName::Scheduler => scheduler::SchedulerSettings::FOLDERS,
        FunctionName::Reconciler => reconciler::ReconcilerParameters::FOLDERS,
    }
}

/// Bytes of a line, with its end.
fn length(line: &str) -> f64 {
    f64::from(u32::try_from(line.len() + 1).unwrap_or(u32::MAX))
}
