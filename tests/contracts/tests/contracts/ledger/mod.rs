//! The ledger's contract, for the sandbox's table and for DynamoDB as two emulators do
//! it; and what DynamoDB alone has: an end for what has ended, conflicts, lost answers.

mod dynamodb;
mod faults;
mod large;

use aws::ledger::DynamoDbTable;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use contracts::emulators::Emulator;
use contracts::{ledger, storage};
use fleet::PoolMap;
use fleet::pools::DEFAULT_POOLS;
use sandbox::{Delays, Sandbox};

/// An empty table of the sandbox.
fn sandbox() -> Sandbox {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    Sandbox::new(1, ledger::at(0), Delays::default(), &pools)
}

/// An empty table of DynamoDB.
async fn table(config: &SdkConfig, name: &str) -> DynamoDbTable {
    storage::create_table(&Client::new(config), name).await;
    DynamoDbTable::new(config, name)
}

/// The clauses, each a test of its own in the sandbox; an emulator takes them one after the other, because
/// it takes a second to start.
macro_rules! hold_to {
    ($($clause:ident),+ $(,)?) => {
        mod in_the_sandbox {
            $(
                #[tokio::test]
                async fn $clause() {
                    contracts::ledger::$clause(&super::sandbox()).await;
                }
            )+
        }

        async fn hold(emulator: &Emulator) {
            let config = emulator.config();
            $(
                ledger::$clause(&table(&config, stringify!($clause)).await).await;
            )+
        }
    };
}

hold_to!(
    absent_items_are_left_out,
    a_write_needs_the_version_before_it,
    a_transaction_is_written_whole_or_not_at_all,
    a_hundred_items_are_one_transaction,
    nothing_is_written_at_once,
    every_kind_of_item_reads_back_as_it_was_written,
    jobs_are_listed_until_they_end,
    runners_are_listed_until_they_stop,
    books_are_listed_whatever_is_written_in_them,
    a_meter_takes_what_is_added_until_no_more_is_left,
    a_meter_that_is_behind_its_floor_is_brought_up_to_it,
    of_many_that_add_at_once_none_is_lost_and_none_is_too_many,
    a_burst_costs_one_write_of_the_book_for_each_batch,
    two_that_race_for_a_book_are_both_written_once,
);

#[tokio::test]
async fn on_motos_dynamodb() {
    Box::pin(hold(&Emulator::moto())).await;
}

#[tokio::test]
async fn on_ministacks_dynamodb() {
    Box::pin(hold(&Emulator::ministack())).await;
}
