//! How long a job waits for its runner's launch.

use simulation::demand::{GOAL, Webhooks, run};

/// The longest of 99 in a hundred, in seconds.
fn most(webhooks: Webhooks) -> i64 {
    let took = run(1, webhooks).unwrap();
    assert!(took.len() >= 300, "{} jobs", took.len());
    took[took.len() * 99 / 100].as_secs()
}

#[test]
fn without_any_webhook_99_of_a_hundred_jobs_have_their_launch_within_a_minute() {
    let most = most(Webhooks::Never);
    assert!(most <= GOAL.as_secs(), "{most} s");
}

#[test]
fn with_webhooks_it_takes_a_few_seconds() {
    let most = most(Webhooks::Come);
    assert!(most <= 5, "{most} s");
}
