//! What a platform at rest must not have: anything left over.

use fleet::ledger::{Item, Totals, recount};
use sandbox::Sandbox;
use sandbox::ecs::TaskStatus;

/// Everything that is left over on a platform that has come to rest, a line each: tasks that run,
/// registrations, messages, totals that are not zero or not what the items add up to.
pub fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let mut found = Vec::new();
    let queue = sandbox.queue().borrow();
    if !queue.is_empty() {
        found.push(format!("{} messages on the queue", queue.len()));
    }
    if !queue.dead_letters().is_empty() {
        found.push(format!("{} messages on the dead-letter queue", queue.dead_letters().len()));
    }
    for task in sandbox.ecs().borrow().tasks().filter(|task| task.status != TaskStatus::Stopped) {
        found.push(format!("task {} is {}", task.arn, task.status));
    }
    for runner in sandbox.github().borrow().runners() {
        found.push(format!("runner {} is registered at GitHub", runner.name));
    }
    let table = sandbox.table().borrow();
    for runner in table.runners().filter(|runner| runner.state.is_live()) {
        found.push(format!("runner {} of {} lives in the ledger", runner.id, runner.pool));
    }
    let items: Vec<&Item> = table.items().collect();
    let counted = recount(items);
    for book in table.books() {
        let (says, counts) = (Totals::from(book), counted.get(&book.pool).copied().unwrap_or_default());
        if says != counts {
            found.push(format!(
                "the book of {} says {}, its items {}",
                book.pool,
                totals_text(says),
                totals_text(counts)
            ));
        }
        if says != Totals::default() {
            found.push(format!("the book of {} is not at rest: {}", book.pool, totals_text(says)));
        }
    }
    found
}

fn totals_text(totals: Totals) -> String {
    let Totals { queued, supply, idle, live } = totals;
    format!("{queued} queued, {supply} supply, {idle} idle, {live} live")
}
