//! Pools in which nothing lives and nothing waits: no rule would find a runner there, so none is looked for.

use std::collections::BTreeMap;

use crate::ids::PoolName;
use crate::ledger::Book;
use crate::pools::{Pool, PoolMap};

/// Whether a pool may have runners, according to all books.
///
/// A runner counts as live in the book of its capacity, which may be a fallback's. No book says which
/// fallbacks a pool had when its runners were launched, but they have its architecture and kind, or have left
/// the map.
pub fn may_have_runners(books: &BTreeMap<PoolName, Book>, pool: &PoolName, pools: &PoolMap) -> bool {
    let is_quiet = |book: &Book| (book.supply, book.idle, book.queued) == (0, 0, 0);
    let may_run = |capacity: &PoolName| match (pools.get(pool), pools.get(capacity)) {
        (Some(pool), Some(capacity)) => are_alike(pool, capacity),
        _ => true,
    };
    !books.get(pool).is_some_and(is_quiet) || books.values().any(|it| it.live != 0 && may_run(&it.pool))
}

fn are_alike(one: &Pool, other: &Pool) -> bool {
    one.architecture == other.architecture && one.capacity.is_fargate() == other.capacity.is_fargate()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::DEFAULT_POOLS;

    #[test]
    fn a_pool_is_quiet_if_nothing_waits_and_no_capacity_of_its_kind_has_a_runner() {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        let book = |pool: &str| Book::open(PoolName::new(pool).unwrap(), 9);
        let with_live = |pool: &str| Book { live: 1, ..book(pool) };
        for (asked, more, expected, why) in [
            ("ec2-x64", vec![], false, "nothing is anywhere"),
            ("ec2-x64", vec![Book { queued: 1, ..book("ec2-x64") }], true, "a job waits"),
            (
                "ec2-x64",
                vec![Book { supply: 1, ..book("ec2-x64") }],
                true,
                "a runner is on its way somewhere",
            ),
            ("ec2-x64", vec![Book { idle: -1, ..book("ec2-x64") }], true, "the book is wrong"),
            ("ec2-x64", vec![with_live("ec2-x64")], true, "one lives"),
            ("ec2-x64-spot", vec![with_live("ec2-x64")], true, "one lives on its fallback"),
            ("ec2-x64", vec![with_live("ec2-x64-spot")], true, "which may once have been its fallback"),
            ("ec2-x64", vec![with_live("fargate-x64")], false, "of another kind"),
            ("ec2-x64", vec![with_live("ec2-arm64")], false, "of another architecture"),
            (
                "ec2-x64",
                vec![with_live("gone")],
                true,
                "a pool that has left the map may have been of any kind",
            ),
            ("gone", vec![book("gone")], false, "nothing is anywhere"),
            ("gone", vec![book("gone"), with_live("ec2-x64")], true, "its fallback may have been any"),
            ("gone", vec![], true, "its book was not read"),
        ] {
            let mut books: BTreeMap<PoolName, Book> =
                pools.iter().map(|pool| (pool.name.clone(), book(pool.name.as_str()))).collect();
            books.extend(more.into_iter().map(|book| (book.pool.clone(), book)));
            assert_eq!(
                may_have_runners(&books, &PoolName::new(asked).unwrap(), &pools),
                expected,
                "{asked}: {why}"
            );
        }
    }
}
