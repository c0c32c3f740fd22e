//! How long an event is billed for, and the lines that come with its end.

use cloudwatch::lines;
use jiff::Timestamp;
use sandbox::FunctionName;

use super::CostMeter;
use super::instance::Instance;
use crate::usage::{Usage, UsedBy};

impl CostMeter {
    /// An event has ended: its time, its metrics and Lambda's lines.
    pub(super) fn ended(&self, function: FunctionName, instance: Instance, began: Timestamp) {
        let puts = if self.0.log.takes_put(function) { self.0.assumed.logs.put_ms / 1000.0 } else { 0.0 };
        let waited = self.now().duration_since(began).as_secs_f64() + puts;
        let cpu = self.0.assumed.lambda.cpu_of(function).unwrap_or_default() * self.cpu_share(function);
        let logs = &self.0.assumed.logs;
        let usage = Usage {
            invocations: 1.0,
            waited,
            // Billed by the millisecond.
            seconds: (waited * 1000.0 + cpu).ceil() / 1000.0,
            metric_bytes: self.metric_lines(&instance),
            platform_bytes: self.of_lambda(function, &[&logs.start, &logs.report]),
            ..Usage::default()
        };
        self.add(UsedBy::Function(function), usage);
        self.0.idle.borrow_mut().entry(function).or_default().push(instance);
    }

    /// Bytes of the lines with an instance's metrics since the last time. Records the metrics that `CloudWatch` makes
    /// of them.
    fn metric_lines(&self, instance: &Instance) -> f64 {
        let (table, now) = (&self.0.table, self.now());
        let split = lines::split(instance.metrics(), table);
        let written = lines::written(&split, table);
        let mut emitted = self.0.emitted.borrow_mut();
        for line in &split {
            emitted.split.take(line, now);
        }
        for line in &written {
            emitted.published.take(line, now);
        }
        written.iter().map(|line| super::length(line)).sum()
    }

    /// How many times longer CPU work takes than with a whole CPU.
    fn cpu_share(&self, function: FunctionName) -> f64 {
        let memory = self.0.deployed.memory.get(&function).copied().unwrap_or(1);
        (f64::from(self.0.assumed.lambda.mb_of_a_cpu) / f64::from(memory)).max(1.0)
    }

    /// The reconciler's CPU seconds: for each call, what the scheduler's were measured to be.
    #[expect(clippy::cast_precision_loss, reason = "a number of calls")]
    pub(super) fn seconds_of_the_reconciler(&self, invocations: f64) -> f64 {
        let calls = |function| {
            let calls = self.0.sandbox.calls_so_far();
            calls.iter().filter(|((of, _), _)| *of == function).map(|(_, count)| count).sum::<u64>() as f64
        };
        let ticks = self
            .0
            .used
            .borrow()
            .get(&UsedBy::Function(FunctionName::Scheduler))
            .map_or(0.0, |it| it.invocations);
        let cpu = self.0.assumed.lambda.cpu_of(FunctionName::Scheduler).unwrap_or_default() / 1000.0;
        let a_call = cpu * ticks / calls(FunctionName::Scheduler).max(1.0);
        // Rounding up adds half a millisecond to each event.
        a_call * calls(FunctionName::Reconciler) * self.cpu_share(FunctionName::Reconciler)
            + invocations * 0.0005
    }
}
