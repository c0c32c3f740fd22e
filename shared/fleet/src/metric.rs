//! What a metric is. Each crate that counts has a table of its metrics, from which they are described.

/// One metric: a figure in the function's log. `CloudWatch` gets it only if an alarm watches it, because it asks money for
/// each name with each value of its dimensions; whatever is only looked at comes from queries of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, as `CloudWatch` has it.
    pub name: &'static str,
    /// How its values are put together.
    pub kind: MetricKind,
    /// What its values count.
    pub unit: Unit,
    /// The fields by which its log lines split it. `CloudWatch` gets the sum, or the largest, over all of them.
    pub dimensions: &'static [&'static str],
    /// What it means, in a few words.
    pub means: &'static str,
    /// Whether an alarm watches it. Such a metric is `CloudWatch`'s too, without dimensions: its price is the same for
    /// any number of pools.
    pub needs_alarm: bool,
}

/// How a metric's values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// They add up.
    Counter,
    /// The last one holds.
    Gauge,
    /// They spread.
    Histogram,
}

/// What a metric's values count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
}

impl Metric {
    /// A count of things that happen.
    pub const fn counter(name: &'static str, means: &'static str) -> Self {
        Self {
            name,
            kind: MetricKind::Counter,
            unit: Unit::Count,
            dimensions: &[],
            means,
            needs_alarm: false,
        }
    }

    /// A count of things as they are now.
    pub const fn gauge(name: &'static str, means: &'static str) -> Self {
        Self { kind: MetricKind::Gauge, ..Self::counter(name, means) }
    }

    /// A count of things, each time that somebody looks. Unlike a gauge's last value, which each line of metrics repeats,
    /// it is written once.
    pub const fn observed(name: &'static str, means: &'static str) -> Self {
        Self { kind: MetricKind::Histogram, ..Self::counter(name, means) }
    }

    /// How long something takes, in milliseconds.
    pub const fn milliseconds(name: &'static str, means: &'static str) -> Self {
        Self { kind: MetricKind::Histogram, unit: Unit::Milliseconds, ..Self::counter(name, means) }
    }

    /// The same, split by these fields.
    #[must_use]
    pub const fn by(self, dimensions: &'static [&'static str]) -> Self {
        Self { dimensions, ..self }
    }

    /// The same, watched by an alarm.
    #[must_use]
    pub const fn with_alarm(self) -> Self {
        Self { needs_alarm: true, ..self }
    }
}
