//! A day on which all is well.

use cloudwatch::observed::Observed;
use fleet::PoolMap;
use fleet::pools::DEFAULT_POOLS;

/// Seconds between two jobs: no whole minutes, so that a look finds some that wait.
const BETWEEN: i64 = 5 * 60 + 7;

/// A day, in seconds.
const DAY: i64 = 24 * 60 * 60;

#[test]
fn no_alarm_fires() {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let names: Vec<String> = pools.iter().map(|pool| pool.name.to_string()).collect();
    let mut observed = Observed::new();
    for name in names.iter().cycle().take(usize::try_from(DAY / BETWEEN).unwrap()) {
        observed.scene.queue(&[name]);
        observed.pass(BETWEEN);
    }
    assert!(observed.scene.tasks().len() >= 281, "each job had its task");
    assert_eq!(observed.fired(), []);
    let names: Vec<&str> = observed.metrics.hours().map(|(key, _)| key.name.as_str()).collect();
    assert!(names.contains(&"OldestUnservedSeconds"), "CloudWatch gets something: {names:?}");
}
