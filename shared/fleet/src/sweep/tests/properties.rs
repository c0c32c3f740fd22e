//! No repository is left out, whatever a pass has time for; and no hour has more calls than its share.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

proptest! {
    /// However few turns a sweep has, each repository has had one after this many sweeps.
    #[test]
    fn each_repository_has_its_turn(count in 1_usize..120, room in 5_usize..60) {
        let mut cursor = of(count);
        let mut turns: BTreeMap<Repository, usize> = BTreeMap::new();
        // Of `room` turns at least a fifth are of the others.
        let sweeps = count.div_ceil(room / ONE_OF);
        for sweep in 0..sweeps {
            let now = at(i64::try_from(sweep).unwrap() * 60);
            for repository in cursor.turns(now).into_iter().take(room) {
                cursor.took_turn(&repository, now, None);
                *turns.entry(repository).or_default() += 1;
            }
        }
        prop_assert_eq!(turns.len(), count);
    }

    /// Whatever is asked for when: in no hour are more calls made than the share has.
    #[test]
    fn no_hour_has_more_calls_than_its_share(
        waits in prop::collection::vec(0_i64..200, 1..200),
        lost in any::<bool>(),
    ) {
        let share = if lost { Share::TwoThirds } else { Share::Third };
        let (mut reads, mut now) = (ReadBudget::default(), at(0));
        let mut made: Vec<(Timestamp, u32)> = Vec::new();
        for wait in waits {
            now += SignedDuration::from_secs(wait);
            let calls = reads.left(now, share);
            reads.pay(calls, now, share);
            made.push((now, calls));
        }
        for (from, _) in &made {
            let until = *from + SignedDuration::from_hours(1);
            let within: u32 = made.iter().filter(|(at, _)| (*from..until).contains(at)).map(|(_, it)| it).sum();
            prop_assert!(within <= share.an_hour(), "{} calls in the hour from {}", within, from);
        }
    }
}
