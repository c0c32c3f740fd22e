//! What DynamoDB says when it does not do it, and answers that are lost.

use std::time::Duration;

use aws::ledger::DynamoDbTable;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use contracts::emulators::Emulator;
use contracts::ledger::{SETTLING, assert_written_once, bookkeeper, job, pool, pools, queued};
use contracts::weather::{CallFault, FaultyClient};
use fleet::ledger::{Item, Listing, Put};
use fleet::ports::{Ledger as _, LedgerError, ListItems as _};
use serde_json::{Value, json};

/// Clients whose answers meet weather; the SDK makes this many attempts.
fn config(emulator: &Emulator, weather: &FaultyClient, attempts: u32) -> SdkConfig {
    let retries =
        RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(Duration::from_millis(1));
    emulator.config().into_builder().http_client(weather.clone()).retry_config(retries).build()
}

/// An error, as DynamoDB writes it.
fn refusal(code: &str, message: &str) -> CallFault {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    CallFault::Answer(400, json!({ "__type": kind, "message": message }).to_string())
}

/// A transaction that was cancelled for these reasons, one for each of its items.
fn cancelled(reasons: &[&str]) -> CallFault {
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        reasons.join(", ")
    );
    let reasons: Vec<Value> = reasons
        .iter()
        .map(|code| match *code {
            "None" => json!({ "Code": "None" }),
            "TransactionConflict" => {
                json!({ "Code": code, "Message": "Transaction is ongoing for the item" })
            }
            _ => json!({ "Code": code, "Message": "for a reason of its own" }),
        })
        .collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let body = json!({ "__type": kind, "Message": message, "CancellationReasons": reasons });
    CallFault::Answer(400, body.to_string())
}

#[tokio::test]
async fn conflicts_and_lost_answers_reserve_nothing_twice() {
    let conflict = || cancelled(&["None", "TransactionConflict", "None"]);
    for emulator in [Emulator::moto(), Emulator::ministack()] {
        let weather = FaultyClient::fair();
        // By its ClientRequestToken the SDK's second try is the first one again; where that is not known it is
        // a conflict with it.
        let retried = u32::from(!emulator.knows_tokens());
        for (name, attempts, faults, conflicts) in [
            ("conflicts", 3, vec![conflict(), conflict(), conflict()], 3),
            ("lost", 1, vec![CallFault::AnswerLost], 0),
            ("lost-and-retried", 3, vec![CallFault::AnswerLost], retried),
            ("all", 1, vec![conflict(), CallFault::AnswerLost], 1),
        ] {
            let table = super::table(&config(&emulator, &weather, attempts), name).await;
            weather.meets("TransactWriteItems", faults);
            let launcher = bookkeeper(1, table.clone());
            let posted = launcher.post_and_settle(&pools(), &queued(1..=3), SETTLING).await.unwrap();
            assert!(weather.is_fair(), "{name}: all of it struck");
            assert_eq!(posted.conflicts, conflicts, "{name}, on {emulator:?}");
            let book = assert_written_once(&table, 1..=3, &[posted]).await;
            assert_eq!(book.version, 1, "{name}, on {emulator:?}");
        }
    }
}

#[tokio::test]
async fn each_refusal_is_a_conflict_or_says_why() {
    let (emulator, weather) = (Emulator::ministack(), FaultyClient::fair());
    let table = super::table(&config(&emulator, &weather, 1), "ledger").await;
    let unavailable = |why: &str| LedgerError::Unavailable(why.to_owned());
    let throttled = || refusal("ThrottlingException", "Slow down");
    let told = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    let puts = [Put(Item::Job(job(1))), Put(Item::Job(job(2)))];
    for (items, answer, expected) in [
        (1, refusal("ConditionalCheckFailedException", "failed"), LedgerError::Conflict),
        (1, refusal("TransactionConflictException", "ongoing"), LedgerError::Conflict),
        (1, throttled(), unavailable("ThrottlingException: Slow down")),
        (2, cancelled(&["None", "ConditionalCheckFailed"]), LedgerError::Conflict),
        (2, cancelled(&["TransactionConflict", "ThrottlingError"]), LedgerError::Conflict),
        (
            2,
            cancelled(&["ThrottlingError", "None"]),
            unavailable(&format!("TransactionCanceledException: {told} [ThrottlingError, None]")),
        ),
        (
            2,
            refusal("AccessDeniedException", "not authorized to perform: dynamodb:PutItem"),
            unavailable("AccessDeniedException: not authorized to perform: dynamodb:PutItem"),
        ),
    ] {
        let operation = if items == 1 { "PutItem" } else { "TransactWriteItems" };
        weather.meets(operation, [answer.clone()]);
        assert_eq!(table.commit(&puts[..items]).await, Err(expected), "{answer:?}");
    }
    weather.meets("BatchGetItem", [throttled()]);
    assert_eq!(table.read(&[puts[0].key()]).await, Err(unavailable("ThrottlingException: Slow down")));
    weather.meets("Query", [throttled()]);
    let listing = Listing::OpenJobs(pool("plain"));
    assert_eq!(table.list(&listing).await, Err(unavailable("ThrottlingException: Slow down")));
    assert!(weather.is_fair());

    what_dynamodb_leaves_out_is_asked_for_again(&table, &weather).await;
}

/// Answers that are not whole.
async fn what_dynamodb_leaves_out_is_asked_for_again(table: &DynamoDbTable, weather: &FaultyClient) {
    let (first, second) = (Item::Job(job(1)), Item::Job(job(2)));
    table.commit(&[Put(first.clone()), Put(second.clone())]).await.unwrap();
    let key = json!({ "key": { "S": first.key().to_string() } });
    let unprocessed = json!({ "ledger": { "Keys": [key], "ConsistentRead": true } });
    let nothing = || {
        let answer = json!({ "Responses": { "ledger": [] }, "UnprocessedKeys": unprocessed });
        CallFault::Answer(200, answer.to_string())
    };
    weather.meets("BatchGetItem", [nothing(), nothing()]);
    assert_eq!(table.read(&[first.key()]).await, Ok(vec![first.clone()]));
    weather.meets("BatchGetItem", [nothing(), nothing(), nothing(), nothing()]);
    let error = LedgerError::Unavailable("keys are left unprocessed after 4 rounds".to_owned());
    assert_eq!(table.read(&[first.key()]).await, Err(error), "but not for ever");

    let place = json!({
        "key": { "S": first.key().to_string() },
        "listing": { "S": "job#queued#plain" },
        "changed_at": { "S": "2026-10-05T09:00:00.000000000Z" },
    });
    let page = json!({ "Items": [place], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": place });
    weather.meets("Query", [CallFault::Answer(200, page.to_string())]);
    let listed = table.list(&Listing::OpenJobs(pool("plain"))).await.unwrap();
    assert_eq!(listed, [first.key(), second.key()], "over all pages");
    assert!(weather.is_fair());
}
