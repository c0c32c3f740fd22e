//! What keeps a pool from launching a runner for a job.

use jiff::Timestamp;

use super::on_its_way::{next_minute, place};
use super::picture::Picture;
use super::reason::Reason;
use crate::ids::PoolName;
use crate::ledger::{Book, Job, Meter, Rest};
use crate::pools::Pool;

/// The pool launches nothing at all.
pub(super) fn closed(picture: &Picture, name: &PoolName) -> Option<Reason> {
    let pool = name.clone();
    let Some(in_map) = picture.pools.get(name) else {
        let is_kept = picture.pools.with_retiring().any(|it| it.name == *name);
        return Some(if is_kept { Reason::OutOfService { pool } } else { Reason::PoolRemoved { pool } });
    };
    let is_closed = picture.books.get(name).is_some_and(Book::is_closed);
    let of_hour = picture.pools.hours(in_map).bounds_at(picture.now).maximum;
    (is_closed && of_hour > 0).then_some(Reason::NoImage { pool })
}

/// Why nothing comes for a job of this pool, though it may launch: the first that holds of its own capacity, and of
/// its fallback's while that rests.
pub(super) fn why_no_runner(picture: &Picture, job: &Job, name: &PoolName) -> Reason {
    let capacities: Vec<&Pool> = picture.pools.capacity_chain(name).collect();
    let mut found: Option<Reason> = None;
    for capacity in capacities.into_iter().rev() {
        let book = picture.books.get(&capacity.name);
        let rest = book.and_then(|book| book.health.resting(picture.now));
        found = Some(match rest {
            Some(rest) if !rest.is_breaker() => Reason::CapacityRests {
                pool: capacity.name.clone(),
                until: rest.until,
                why: rest.reason.clone(),
                fallback: found.map(Box::new),
            },
            Some(rest) => breaker(capacity, rest),
            None => of_capacity(picture, job, capacity, book),
        });
    }
    found.unwrap_or_else(|| Reason::PoolRemoved { pool: name.clone() })
}

fn breaker(capacity: &Pool, rest: &Rest) -> Reason {
    let (pool, why) = (capacity.name.clone(), rest.reason.clone());
    Reason::BreakerOpen { pool, cause: rest.cause, until: rest.until, why }
}

/// What keeps a capacity from starting one more that works.
fn of_capacity(picture: &Picture, job: &Job, capacity: &Pool, book: Option<&Book>) -> Reason {
    let pool = capacity.name.clone();
    let Some(book) = book else { return Reason::ToBeReserved { pool } };
    if !book.has_room() {
        return at_maximum(picture, job, capacity, book);
    }
    let limit = picture.pools.limits().starting();
    if !capacity.capacity.is_fargate() && book.starting() >= i64::from(limit) {
        return Reason::TooManyStarting { pool, starting: book.starting(), limit };
    }
    paced(picture, capacity).unwrap_or(Reason::ToBeReserved { pool })
}

fn at_maximum(picture: &Picture, job: &Job, capacity: &Pool, book: &Book) -> Reason {
    let (pool, live, maximum) = (capacity.name.clone(), book.live, book.maximum);
    if maximum < i64::from(capacity.maximum) {
        let until = picture.pools.hours(capacity).next_change(picture.now);
        return Reason::OffHours { pool, live, maximum, until };
    }
    let (place, waiting) = (place(picture, job) + 1, picture.waiting.len().max(1));
    Reason::AtMaximum { pool, live, maximum, since: full_since(picture, capacity, book), place, waiting }
}

/// When the last of those was reserved that live there now: there was room until then. `None` where not all of them
/// are known.
fn full_since(picture: &Picture, capacity: &Pool, book: &Book) -> Option<Timestamp> {
    let lives = picture.runners.values().filter(|it| it.state.is_live() && it.capacity == capacity.name);
    let reserved: Vec<Timestamp> = lives.map(|runner| runner.reserved_at).collect();
    let are_all = i64::try_from(reserved.len()).is_ok_and(|known| known == book.live);
    reserved.into_iter().max().filter(|_| are_all)
}

/// Launches wait for what ECS or GitHub takes of all pools together.
fn paced(picture: &Picture, capacity: &Pool) -> Option<Reason> {
    let (limits, now, pool) = (picture.pools.limits(), picture.now, capacity.name.clone());
    let run_tasks = limits.spend_run_tasks(1, now);
    let spent = picture.spent(Meter::RunTasks);
    if let (Err(left), Some(_)) = (run_tasks.apply(spent), spent) {
        let microseconds = limits.between_run_tasks().saturating_sub(left.0);
        let until = Timestamp::from_microsecond(now.as_microsecond().saturating_add(microseconds));
        return Some(Reason::RunTaskPaced { pool, until: until.unwrap_or(now) });
    }
    let up_at = now.checked_add(capacity.capacity.comes_up_in()).unwrap_or(now);
    let registrations = limits.spend_registrations(1, up_at);
    let spent = picture.spent(registrations.meter);
    if spent.is_some() && registrations.apply(spent).is_err() {
        let over = next_minute(registrations.meter)?;
        let until = over.checked_sub(capacity.capacity.comes_up_in()).unwrap_or(over);
        return Some(Reason::RegistrationsPaced { pool, until });
    }
    None
}
