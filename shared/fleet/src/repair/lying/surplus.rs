//! Runners that their pool no longer wants and that do not leave. A live runner asks once a minute, gets the
//! answer "leave", and is soon gone.

use super::{Confirmed, CountedOut, Evidence, Mend};
use crate::ledger::{Book, Runner, RunnerState};
use crate::repair::suspicion::Suspicion;

pub(super) fn suspects(seen: &Evidence) -> Vec<Suspicion> {
    crowded(seen).map(|(book, _)| Suspicion::Surplus(book.pool.clone())).collect()
}

/// Counts out the runner of each pool that has waited longest. If it is alive, it leaves at its next
/// question. The next look counts out the next one.
pub(super) fn find(seen: &Evidence, confirmed: &Confirmed) -> Vec<Mend> {
    let agreed = crowded(seen).filter(|(book, _)| confirmed.contains(&Suspicion::Surplus(book.pool.clone())));
    let out = |runner: &Runner| Mend::CountOut { runner: runner.clone(), cause: CountedOut::DoesNotAsk };
    agreed.map(|(_, oldest)| out(oldest)).collect()
}

/// The pools in which more runners listen than are wanted, each with the runner that has waited longest.
fn crowded(seen: &Evidence) -> impl Iterator<Item = (&Book, &Runner)> {
    let with_surplus = seen.books.values().filter(|book| book.has_surplus(seen.now));
    with_surplus.filter_map(|book| {
        let idle = seen.runners_in(&[RunnerState::Idle]);
        let listening = idle.filter(|it| it.pool == book.pool && it.listened && it.github_id.is_some());
        let mut listening: Vec<&Runner> = listening.collect();
        let wanted = usize::try_from(book.demand(seen.now)).unwrap_or(0);
        listening.sort_by_key(|runner| runner.changed_at);
        let oldest = *listening.first().filter(|_| listening.len() > wanted)?;
        Some((book, oldest))
    })
}
