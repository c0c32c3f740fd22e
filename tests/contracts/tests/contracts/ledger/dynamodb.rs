//! The table itself.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, TimeToLiveStatus};
use contracts::emulators::Emulator;
use contracts::ledger::{job, runner};
use fleet::ledger::{Item, Job, JobState, Put, Runner, RunnerState};
use fleet::ports::Ledger as _;

#[tokio::test]
async fn the_table_is_paid_by_request_and_deletes_only_what_has_ended() {
    let emulator = Emulator::ministack();
    let config = emulator.config();
    let client = Client::new(&config);
    let table = super::table(&config, "ledger").await;

    let described = client.describe_table().table_name("ledger").send().await.unwrap().table.unwrap();
    assert_eq!(described.billing_mode_summary.unwrap().billing_mode, Some(BillingMode::PayPerRequest));
    let ttl = client.describe_time_to_live().table_name("ledger").send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    assert_eq!(ttl.time_to_live_status, Some(TimeToLiveStatus::Enabled));
    assert_eq!(ttl.attribute_name.as_deref(), Some("ttl"));

    let with_end = async || {
        let answer = client.scan().table_name("ledger").send().await.unwrap();
        let ending = answer.items().iter().filter(|item| item.contains_key("ttl"));
        let mut keys: Vec<String> = ending.map(|item| item["key"].as_s().unwrap().clone()).collect();
        keys.sort();
        keys
    };
    let (waits, starts) = (Item::Job(job(1)), Item::Runner(runner(1)));
    table.commit(&[Put(waits.clone()), Put(starts.clone())]).await.unwrap();
    assert_eq!(with_end().await, [] as [String; 0]);
    let completed = Item::Job(Job { state: JobState::Completed, version: 2, ..job(1) });
    let stopped = Item::Runner(Runner { state: RunnerState::Stopped, version: 2, ..runner(1) });
    table.commit(&[Put(completed), Put(stopped)]).await.unwrap();
    assert_eq!(with_end().await, [waits.key().to_string(), starts.key().to_string()]);

    // A repair may write a job Queued again: then it has no end any longer.
    table.commit(&[Put(Item::Job(Job { version: 3, ..job(1) }))]).await.unwrap();
    assert_eq!(with_end().await, [starts.key().to_string()]);
}
