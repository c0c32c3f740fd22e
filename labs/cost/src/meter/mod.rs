//! Counts what the functions use, around each of them and at each effect on the ledger and the queue.

mod functions;
mod instance;
mod log;
mod metric_lines;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;

use fleet::settings::FromParameters;
use github::app::metrics::{GITHUB_CALLS, OUTCOME, RATE_LIMIT_REMAINING};
use jiff::Timestamp;
use lambda_runtime::Context as Event;
use lambda_runtime::layers::trace::request_span;
use sandbox::{Effect, EffectOf, FunctionName, Sandbox, Service};

pub(crate) use self::functions::Metered;
use self::instance::Instance;
pub(crate) use self::log::Log;
use crate::assumed::Assumed;
use crate::deployed::Deployed;
use crate::item::{list_units, read_units, write_units};
use crate::usage::{Part, Usage, Used};

/// An id of an event, and one of its trace, as long as Lambda's are.
const REQUEST: &str = "6d68ca91-49c9-448d-89b8-7ca3e6dc66aa";
const TRACE: &str =
    "Root=1-6703f2a1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0;Lineage=1:01234567:0";

/// Calls of GitHub's hour that are left, in a line of metrics: as long as they mostly are.
const CALLS_LEFT: f64 = 4321.0;

/// The meter. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Meter(Rc<State>);

#[derive(Debug)]
struct State {
    sandbox: Sandbox,
    assumed: Assumed,
    deployed: Deployed,
    used: RefCell<Used>,
    /// The instances of each function that have no event now.
    idle: RefCell<BTreeMap<FunctionName, Vec<Instance>>>,
    log: Log,
    /// Whether the ledger was used since it was asked last.
    is_ledger_used: Cell<bool>,
    /// What could not be counted.
    problem: RefCell<Option<anyhow::Error>>,
}

impl Meter {
    /// A meter of this sandbox, whose functions are deployed so.
    pub(crate) fn new(sandbox: &Sandbox, assumed: &Assumed, deployed: &Deployed) -> Self {
        let meter = Self(Rc::new(State {
            sandbox: sandbox.clone(),
            assumed: assumed.clone(),
            deployed: deployed.clone(),
            used: RefCell::default(),
            idle: RefCell::default(),
            log: Log::default(),
            is_ledger_used: Cell::new(false),
            problem: RefCell::default(),
        }));
        let observer = meter.clone();
        sandbox.observe(move |effect| observer.effect(effect));
        meter
    }

    /// Where the functions' lines go.
    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    /// What was used so far; an error if something could not be counted.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        if let Some(problem) = self.0.problem.take() {
            return Err(problem);
        }
        let mut used = self.0.used.borrow().clone();
        let lines = self.0.log.bytes();
        for (part, usage) in &mut used {
            if let Part::Function(function) = part {
                usage.line_bytes = lines.get(function).copied().unwrap_or_default();
            }
        }
        if let Some(reconciler) = used.get_mut(&Part::Function(FunctionName::Reconciler)) {
            reconciler.seconds += self.seconds_of_the_reconciler(reconciler.invocations);
        }
        Ok(used)
    }

    /// One event of a function; `work` is its way.
    async fn event<T>(&self, function: FunctionName, work: impl Future<Output = T>) -> T {
        let mut instance = self.instance(function);
        self.read_settings(function, &mut instance);
        let began = self.now();
        let mut event = Event::default();
        REQUEST.clone_into(&mut event.request_id);
        event.xray_trace_id = Some(TRACE.to_owned());
        let span = request_span(&event);
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
            platform_bytes: length(&logs.init_start),
            ..opens
        };
        self.add(Part::Function(function), start + self.a_read_of_settings(function));
        Instance::new(now)
    }

    /// Settings that are old are read again beside the event.
    fn read_settings(&self, function: FunctionName, instance: &mut Instance) {
        if instance.has_old_settings(self.now()) {
            self.0.log.of(function, aws::boot::tell_read_again);
            self.add(Part::Function(function), self.a_read_of_settings(function));
        }
    }

    fn a_read_of_settings(&self, function: FunctionName) -> Usage {
        let folders = f64::from(u32::try_from(folders(function).len()).unwrap_or(u32::MAX));
        let secrets = folders * f64::from(self.0.assumed.secrets.a_folder);
        Usage { parameter_reads: folders, decrypts: secrets, ..Usage::default() }
    }

    /// DynamoDB asks KMS for the table's key again, if this event used the table.
    fn read_table_key(&self, function: FunctionName, instance: &mut Instance) {
        let is_used = self.0.is_ledger_used.replace(false) && self.0.deployed.has_table_key;
        if is_used && instance.has_old_table_key(self.now(), self.0.assumed.secrets.table_key_minutes) {
            self.add(Part::Function(function), Usage { decrypts: 1.0, ..Usage::default() });
        }
    }

    /// An event has ended: its time, its metrics and Lambda's lines.
    fn ended(&self, function: FunctionName, instance: Instance, began: Timestamp) {
        let waited = self.now().duration_since(began).as_secs_f64();
        let cpu = self.0.assumed.lambda.cpu_of(function).unwrap_or_default() * self.cpu_share(function);
        let logs = &self.0.assumed.logs;
        let usage = Usage {
            invocations: 1.0,
            waited,
            // Billed by the millisecond.
            seconds: (waited * 1000.0 + cpu).ceil() / 1000.0,
            metric_bytes: instance.metric_lines(function),
            platform_bytes: length(&logs.start) + length(&logs.report),
            ..Usage::default()
        };
        self.add(Part::Function(function), usage);
        self.0.idle.borrow_mut().entry(function).or_default().push(instance);
    }

    /// How many times longer CPU takes for a function than for one with a whole CPU.
    fn cpu_share(&self, function: FunctionName) -> f64 {
        let memory = self.0.deployed.memory.get(&function).copied().unwrap_or(1);
        (f64::from(self.0.assumed.lambda.mb_of_a_cpu) / f64::from(memory)).max(1.0)
    }

    /// The reconciler's CPU seconds: call for call what the scheduler's were measured to be.
    #[expect(clippy::cast_precision_loss, reason = "a number of calls")]
    fn seconds_of_the_reconciler(&self, invocations: f64) -> f64 {
        let calls = |function| {
            let calls = self.0.sandbox.calls_so_far();
            calls.iter().filter(|((of, _), _)| *of == function).map(|(_, count)| count).sum::<u64>() as f64
        };
        let ticks = self
            .0
            .used
            .borrow()
            .get(&Part::Function(FunctionName::Scheduler))
            .map_or(0.0, |it| it.invocations);
        let cpu = self.0.assumed.lambda.cpu_of(FunctionName::Scheduler).unwrap_or_default() / 1000.0;
        let a_call = cpu * ticks / calls(FunctionName::Scheduler).max(1.0);
        // Half a millisecond of each event is rounded up.
        a_call * calls(FunctionName::Reconciler) * self.cpu_share(FunctionName::Reconciler)
            + invocations * 0.0005
    }

    /// An effect on the ledger or the queue.
    fn effect(&self, effect: &Effect<'_>) {
        let ledger = &self.0.assumed.ledger;
        // What comes in no function's step is an event of ECS, which is the launcher's to pay.
        let part = Part::Function(self.0.log.by().unwrap_or(FunctionName::Launcher));
        let used = match effect.of {
            EffectOf::Read(keys, items) => {
                read_units(keys, items, ledger).map(|reads| Usage { reads, ..Usage::default() })
            }
            EffectOf::Listed(listing, keys) => {
                Ok(Usage { reads: list_units(listing, keys, ledger), ..Usage::default() })
            }
            EffectOf::Written(before, puts, written) => write_units(before, puts, written.is_ok(), ledger)
                .map(|units| Usage { writes: units.table, index_writes: units.index, ..Usage::default() }),
            // A meter is a key and a number or two. What was refused counts all the same.
            EffectOf::Spent(..) => Ok(Usage { writes: 1.0, ..Usage::default() }),
            EffectOf::Sent(body) => {
                Ok(Usage { queue_requests: self.queue_requests(body.len()), ..Usage::default() })
            }
        };
        if !matches!(effect.of, EffectOf::Sent(_)) {
            self.0.is_ledger_used.set(true);
        }
        match used {
            Ok(used) => self.add(part, used),
            Err(problem) => *self.0.problem.borrow_mut() = Some(problem),
        }
    }

    /// Requests of the queue that so many bytes are.
    fn queue_requests(&self, bytes: usize) -> f64 {
        let unit = usize::try_from(self.0.assumed.queue.bytes_a_request).unwrap_or(usize::MAX).max(1);
        f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
    }

    fn calls_of_github(&self, function: FunctionName) -> u64 {
        if !matches!(function, FunctionName::Registrar | FunctionName::Reconciler) {
            return 0;
        }
        let calls = self.0.sandbox.calls_so_far();
        let of_github =
            calls.iter().filter(|((by, of), _)| *by == function && of.service() == Service::Github);
        of_github.map(|(_, count)| *count).sum()
    }

    fn add(&self, part: Part, usage: Usage) {
        let mut used = self.0.used.borrow_mut();
        let so_far = used.entry(part).or_default();
        *so_far = *so_far + usage;
    }

    fn now(&self) -> Timestamp {
        self.0.sandbox.manual_clock().now()
    }
}

/// What GitHub's client counts of each call: the sandbox is in its place.
fn tell_github(calls: u64) {
    if calls > 0 {
        metrics::counter!(GITHUB_CALLS.name, OUTCOME => "Done").increment(calls);
        metrics::gauge!(RATE_LIMIT_REMAINING.name).set(CALLS_LEFT);
    }
}

/// The folders of the Parameter Store that a function reads.
fn folders(function: FunctionName) -> &'static [&'static str] {
    match function {
        FunctionName::Webhook => webhook::Settings::FOLDERS,
        FunctionName::Launcher => launcher::Settings::FOLDERS,
        FunctionName::Registrar => registrar::FunctionSettings::FOLDERS,
        FunctionName::Scheduler => scheduler::Settings::FOLDERS,
        FunctionName::Reconciler => reconciler::FunctionSettings::FOLDERS,
    }
}

/// Bytes of a line, with its end.
fn length(line: &str) -> f64 {
    f64::from(u32::try_from(line.len() + 1).unwrap_or(u32::MAX))
}
