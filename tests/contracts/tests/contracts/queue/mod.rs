//! The queue's contract, for the sandbox's queue and for SQS as two emulators do it.

mod of_sandbox;
mod sqs;

use self::of_sandbox::SandboxQueue;
use self::sqs::Sqs;
use contracts::emulators::Emulator;

/// The clauses, each a test of its own in the sandbox; an emulator takes them one after the other, because
/// it takes a second to start.
macro_rules! hold_to {
    ($($clause:ident),+ $(,)?) => {
        mod in_the_sandbox {
            $(
                #[tokio::test]
                async fn $clause() {
                    contracts::queue::$clause(&super::SandboxQueue::new()).await;
                }
            )+
        }

        async fn hold(emulator: &Emulator) {
            let config = emulator.config();
            $(
                contracts::queue::$clause(&Sqs::new(&config, stringify!($clause)).await).await;
            )+
            sqs::each_repository_is_a_group_of_its_own(&Sqs::new(&config, "groups").await).await;
        }
    };
}

hold_to!(
    what_is_sent_is_received,
    a_batch_has_ten_messages_at_most,
    only_what_is_deleted_does_not_come_again,
    after_five_times_it_is_a_dead_letter,
);

#[tokio::test]
async fn on_motos_sqs() {
    hold(&Emulator::moto()).await;
}

#[tokio::test]
async fn on_ministacks_sqs() {
    hold(&Emulator::ministack()).await;
}
