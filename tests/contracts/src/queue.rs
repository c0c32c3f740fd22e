//! What every queue does: at least once, in batches, and a dead-letter queue after five times.

use std::collections::BTreeSet;

use fleet::ledger::{JobAction, JobEvent, JobMessage};
use fleet::ports::SendMessage;
use fleet::version::Version;
use fleet::{DeliveryId, JobId, PoolName, Repository};

/// How often a message is received before it goes to the dead-letter queue.
pub const MAX_RECEIVES: usize = 5;

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What it is deleted by.
    pub handle: String,
    /// Its body.
    pub body: String,
}

/// What Lambda does for the launcher at the queue's other end.
pub trait Consume {
    /// Receives the visible messages, ten at most.
    async fn receive(&self) -> Vec<Received>;

    /// Deletes a message that was handled.
    async fn delete(&self, message: &Received);

    /// Lets the visibility time-out of a message run out.
    async fn time_out(&self, message: &Received);

    /// The bodies in the dead-letter queue.
    async fn dead_letters(&self) -> Vec<String>;
}

/// The message of one job.
pub fn message(job: u64) -> JobMessage {
    JobMessage {
        version: Version,
        delivery: DeliveryId::new(format!("delivery-{job}")),
        job_event: JobEvent {
            action: JobAction::Queued,
            job: JobId(job),
            pool: Some(PoolName::new("fargate-x64").unwrap()),
            repository: Repository::new("octo-org/store.front_2"),
            is_public: false,
            labels: ["self-hosted", "linux"].into_iter().collect(),
            runner: None,
            may_not_have_run: true,
            created_at: "2026-10-05T09:00:00.5Z".parse().ok(),
            accepted_at: None,
            names: fleet::ledger::JobNames::default(),
        },
    }
}

async fn send(queue: &impl SendMessage, jobs: impl IntoIterator<Item = u64>) {
    for job in jobs {
        queue.send_message(&message(job)).await.unwrap();
    }
}

fn job_of(received: &Received) -> u64 {
    serde_json::from_str::<JobMessage>(&received.body).unwrap().job_event.job.0
}

/// A message is what was sent.
pub async fn what_is_sent_is_received(queue: &(impl SendMessage + Consume)) {
    send(queue, [7]).await;
    let received = queue.receive().await;
    assert_eq!(serde_json::from_str::<JobMessage>(&received[0].body).unwrap(), message(7));
    assert_eq!(received.len(), 1);
    assert_eq!(queue.receive().await, [], "it is out of sight");
}

/// Nobody gets more than ten at once, and everything comes.
pub async fn a_batch_has_ten_messages_at_most(queue: &(impl SendMessage + Consume)) {
    send(queue, 1..=25).await;
    let mut received = BTreeSet::new();
    let mut batches = 0;
    while received.len() < 25 {
        let batch = queue.receive().await;
        assert!((1..=10).contains(&batch.len()), "{} messages", batch.len());
        received.extend(batch.iter().map(job_of));
        batches += 1;
    }
    assert_eq!((received, batches), ((1..=25).collect(), 3));
}

/// What is deleted is gone; what is not comes again.
pub async fn only_what_is_deleted_does_not_come_again(queue: &(impl SendMessage + Consume)) {
    send(queue, 1..=4).await;
    let received = queue.receive().await;
    for message in &received {
        if job_of(message).is_multiple_of(2) {
            queue.delete(message).await;
        }
    }
    for message in received.iter().filter(|message| !job_of(message).is_multiple_of(2)) {
        queue.time_out(message).await;
    }
    let again: BTreeSet<u64> = queue.receive().await.iter().map(job_of).collect();
    assert_eq!(again, [1, 3].into());
}

/// A message that nobody ever handles goes to the dead-letter queue and holds nobody up.
pub async fn after_five_times_it_is_a_dead_letter(queue: &(impl SendMessage + Consume)) {
    const POISON: u64 = 666;
    send(queue, [POISON]).await;
    for round in 1..=MAX_RECEIVES {
        let job = u64::try_from(round).unwrap();
        send(queue, [job]).await;
        let received = queue.receive().await;
        let jobs: BTreeSet<u64> = received.iter().map(job_of).collect();
        assert_eq!(jobs, [job, POISON].into(), "both come, in round {round}");
        assert_eq!(queue.dead_letters().await, [] as [String; 0]);
        for message in &received {
            if job_of(message) == POISON {
                queue.time_out(message).await;
            } else {
                queue.delete(message).await;
            }
        }
    }
    send(queue, [6]).await;
    let received = queue.receive().await;
    assert_eq!(received.iter().map(job_of).collect::<Vec<_>>(), [6]);
    let dead = queue.dead_letters().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(serde_json::from_str::<JobMessage>(&dead[0]).unwrap(), message(POISON));
}
