//! SQS, with queues as `infra/storage.yaml` has them.

use aws::queue::SqsQueue;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use contracts::queue::{Consume, MAX_RECEIVES, Received, message};
use fleet::ledger::JobMessage;
use fleet::ports::{QueueError, SendMessage};
use serde_json::json;

/// A queue and its dead-letter queue.
pub(crate) struct Sqs {
    config: SdkConfig,
    client: Client,
    url: String,
    dead_letters: String,
    queue: SqsQueue,
}

impl Sqs {
    pub(crate) async fn new(config: &SdkConfig, name: &str) -> Self {
        let client = Client::new(config);
        let made = client.create_queue().queue_name(format!("{name}-dead")).send().await.unwrap();
        let dead_letters = made.queue_url.unwrap();
        let arn = QueueAttributeName::QueueArn;
        let asked = client.get_queue_attributes().queue_url(&dead_letters).attribute_names(arn.clone());
        let attributes = asked.send().await.unwrap().attributes.unwrap();
        let redrive = json!({ "deadLetterTargetArn": attributes[&arn], "maxReceiveCount": MAX_RECEIVES });
        let made = client
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::VisibilityTimeout, "180")
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        let url = made.send().await.unwrap().queue_url.unwrap();
        let queue = SqsQueue::new(config, url.clone());
        Self { config: config.clone(), client, url, dead_letters, queue }
    }

    async fn receive_from(&self, url: &str) -> Vec<Message> {
        let request = self.client.receive_message().queue_url(url).max_number_of_messages(10);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        request.send().await.unwrap().messages.unwrap_or_default()
    }
}

impl SendMessage for Sqs {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        self.queue.send_message(message).await
    }
}

impl Consume for Sqs {
    async fn receive(&self) -> Vec<Received> {
        let received = self.receive_from(&self.url).await;
        let taken = |it: Message| Received { handle: it.receipt_handle.unwrap(), body: it.body.unwrap() };
        received.into_iter().map(taken).collect()
    }

    async fn delete(&self, message: &Received) {
        let request = self.client.delete_message().queue_url(&self.url);
        request.receipt_handle(&message.handle).send().await.unwrap();
    }

    async fn time_out(&self, message: &Received) {
        let request = self.client.change_message_visibility().queue_url(&self.url).visibility_timeout(0);
        request.receipt_handle(&message.handle).send().await.unwrap();
    }

    async fn dead_letters(&self) -> Vec<String> {
        let dead = self.receive_from(&self.dead_letters).await;
        dead.into_iter().filter_map(|message| message.body).collect()
    }
}

/// SQS takes turns with the groups, and takes a repository's name for one; a queue that is not there
/// is an error in SQS's words.
pub(crate) async fn each_repository_is_a_group_of_its_own(sqs: &Sqs) {
    sqs.send_message(&message(1)).await.unwrap();
    let received = sqs.receive_from(&sqs.url).await;
    let group = MessageSystemAttributeName::MessageGroupId;
    assert_eq!(received[0].attributes.as_ref().unwrap()[&group], "octo-org/store.front_2");

    let gone = SqsQueue::new(&sqs.config, format!("{}-gone", sqs.url));
    let error = gone.send_message(&message(1)).await.unwrap_err().to_string();
    assert!(error.contains("NonExistentQueue: The specified queue does not exist"), "{error}");
}
