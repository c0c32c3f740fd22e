//! A scene whose functions' metrics come to `CloudWatch`.

use fleet::metric::Metric;
use fleet::pools::DEFAULT_POOLS;
use jiff::Timestamp;
use metrics_util::debugging::{DebuggingRecorder, Snapshotter};
use platform::scene::{START, Scene};

use crate::alarm::AlarmState;
use crate::metrics::Metrics;
use crate::{lines, stack, table};

/// Seconds after which the functions' lines are taken: each is written in its minute.
const MINUTE: i64 = 60;

/// The scene, and what `CloudWatch` has of it.
pub struct Observed {
    /// The scene. What happens while it passes time by itself is not seen.
    pub scene: Scene,
    /// What `CloudWatch` has.
    pub metrics: Metrics,
    recorder: DebuggingRecorder,
    snapshotter: Snapshotter,
    table: Vec<Metric>,
}

impl Observed {
    /// The seven default pools.
    pub fn new() -> Self {
        Self::of(DEFAULT_POOLS)
    }

    /// The pools of a map.
    pub fn of(pools: &str) -> Self {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        Self { scene: Scene::of(pools), metrics: Metrics::default(), recorder, snapshotter, table: table() }
    }

    /// Lets this much time pass, a minute and its lines at a time.
    pub fn pass(&mut self, seconds: i64) {
        for begun in (0..seconds).step_by(usize::try_from(MINUTE).unwrap()) {
            metrics::with_local_recorder(&self.recorder, || self.scene.pass(MINUTE.min(seconds - begun)));
            self.take();
        }
    }

    /// Does something whose metrics are seen.
    pub fn act<T>(&mut self, act: impl FnOnce(&mut Scene) -> T) -> T {
        let done = metrics::with_local_recorder(&self.recorder, || act(&mut self.scene));
        self.take();
        done
    }

    fn take(&mut self) {
        let now = self.now();
        let split = lines::split(self.snapshotter.snapshot(), &self.table);
        for line in lines::written(&split, &self.table) {
            self.metrics.take(&line, now);
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.scene.world.sandbox().manual_clock().now()
    }

    /// When each alarm fired first; those that did not are not in it.
    pub fn fired(&self) -> Vec<(String, Timestamp)> {
        let alarms = stack::alarms();
        let fired = alarms.iter().filter_map(|(id, alarm)| {
            let states = alarm.states(&self.metrics, START, self.now());
            let first = states.into_iter().find(|(_, state)| *state == AlarmState::Alarm)?;
            Some((id.clone(), first.0))
        });
        fired.collect()
    }
}

impl Default for Observed {
    fn default() -> Self {
        Self::new()
    }
}
