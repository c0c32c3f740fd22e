//! Logs and metrics as JSON lines on standard output, which Lambda takes to CloudWatch. Those of metrics that an alarm
//! watches are in CloudWatch's embedded metric format.

use std::collections::BTreeSet;
use std::io::Write as _;

use fleet::cost::TARGET;
use fleet::metric::{Metric, MetricKind, Unit};
use fleet::settings::Variables;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::cost_lines::{CostLines, Kept};
use super::environment::LookupVariable;
use super::metric_lines;

/// The variable by which Lambda's logging controls set the level of the function's log.
const LEVEL_VARIABLE: &str = "AWS_LAMBDA_LOG_LEVEL";

/// The variable with CloudWatch's namespace for the metrics, if it is not [`NAMESPACE`].
const NAMESPACE_VARIABLE: &str = "MAYFLY_METRICS_NAMESPACE";

/// CloudWatch's namespace of the metrics.
const NAMESPACE: &str = "Mayfly";

/// Our own crates. Others are heard from WARN on: what the SDK logs below that holds whole requests,
/// and a RunTask request holds a ticket.
const OURS: [&str; 9] =
    ["aws", "control", "fleet", "github", "launcher", "reconciler", "registrar", "scheduler", "webhook"];

/// What has been installed.
pub(super) struct Telemetry {
    metrics: Option<&'static Collector>,
    /// The names of the metrics that an alarm watches.
    watched: BTreeSet<&'static str>,
    /// The lines of what runners cost, since the last time.
    pub(super) costs: Kept,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// Installs log and metrics for the whole process.
    pub(super) fn install(variables: &Variables<LookupVariable>) -> Self {
        let level = variables.optional(LEVEL_VARIABLE).and_then(|level| level.parse().ok());
        let namespace = variables.optional(NAMESPACE_VARIABLE).unwrap_or_else(|| NAMESPACE.to_owned());
        let costs = Kept::default();
        let kept = costs.clone();
        let log = log(level.unwrap_or(LevelFilter::INFO), std::io::stdout);
        if let Err(error) = log.with(CostLines::to(move |line| kept.add(line))).try_init() {
            tracing::warn!(%error, "a log was there before");
        }
        let metrics = Builder::new().cloudwatch_namespace(namespace).init();
        let metrics = metrics.map_err(|error| tracing::error!(%error, "no metrics")).ok();
        Self { metrics, watched: BTreeSet::new(), costs }
    }

    /// Tells the recorder the units of a crate's metrics, and what they mean.
    pub(super) fn describe(&mut self, table: &[Metric]) {
        self.watched.extend(metric_lines::watched(table));
        for metric in table {
            let unit = match metric.unit {
                Unit::Count => metrics::Unit::Count,
                Unit::Milliseconds => metrics::Unit::Milliseconds,
            };
            match metric.kind {
                MetricKind::Counter => describe_counter!(metric.name, unit, metric.means),
                MetricKind::Gauge => describe_gauge!(metric.name, unit, metric.means),
                MetricKind::Histogram => describe_histogram!(metric.name, unit, metric.means),
            }
        }
    }

    /// Writes out the metrics since the last time.
    pub(super) fn flush(&self) {
        let Some(metrics) = self.metrics else { return };
        let mut written = Vec::new();
        let lines =
            metrics.flush(&mut written).and_then(|()| metric_lines::published(&written, &self.watched));
        if let Err(error) = lines.and_then(|lines| std::io::stdout().write_all(&lines)) {
            tracing::warn!(%error, "metrics not written");
        }
    }
}

/// The log of a function, as it writes it on Lambda, at this level. The lines of what runners cost are none of it.
pub fn log<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync + 'static
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let lines = lines.with_writer(writer).with_filter(filter_fn(|metadata| metadata.target() != TARGET));
    tracing_subscriber::registry().with(lines).with(filter(level))
}

/// The span of an invocation: each of its lines names the request by it, as Lambda's own lines do. The trace's id, which
/// the runtime's span adds to each line, leads nowhere: the functions send no traces, and a log is billed by the byte.
pub fn span(request: &str) -> Span {
    tracing::info_span!("invocation", requestId = request)
}

/// Our crates at this level, with what runners cost at each; everything else from WARN on.
fn filter(level: LevelFilter) -> Targets {
    let ours = OURS.map(|target| (target, level));
    let costs = [(TARGET, LevelFilter::INFO)];
    Targets::new().with_default(LevelFilter::WARN.min(level)).with_targets(ours.into_iter().chain(costs))
}
