//! GitHub's list of deliveries, and passes over it that may crash.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::delivery::{Attempt, AttemptId, AttemptPage, DeliveryCursor, WORKFLOW_JOB, WalkProgress};
use crate::ids::DeliveryId;

/// Ids are beyond 2^53.
const FIRST_ID: i64 = 9_007_199_254_740_993;

/// How long GitHub takes for an attempt that is asked for, in seconds.
const REDELIVERY: i64 = 5;

/// What a pass may do: pages, and deliveries to ask for.
pub(super) const PASSES: (usize, usize) = (10, 50);

/// A time, this many seconds after one that is the same in every test.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// Where a pass crashes.
#[derive(Debug, Clone)]
pub(super) enum Crash {
    No,
    BeforeItsWrite,
    /// After its write, and this many redelivery calls.
    After(usize),
}

/// GitHub, and what is stored of it.
#[derive(Debug)]
pub(super) struct GithubModel {
    /// The attempts, each with the second from which it is listed.
    attempts: Vec<(i64, Attempt)>,
    /// How many attempts of a delivery are still to fail, and the status of those.
    fails: BTreeMap<DeliveryId, (u32, u16)>,
    page: usize,
    pub(super) stored: DeliveryCursor,
    /// How often each delivery was asked for.
    pub(super) asked: BTreeMap<DeliveryId, u32>,
}

impl GithubModel {
    /// Deliveries by the second of their first attempt, each with how many attempts fail, and how.
    pub(super) fn of(deliveries: impl IntoIterator<Item = (i64, u32, u16)>, page: usize) -> Self {
        let mut github = Self {
            attempts: Vec::new(),
            fails: BTreeMap::new(),
            page,
            stored: DeliveryCursor::default(),
            asked: BTreeMap::new(),
        };
        for (number, (second, failures, status)) in deliveries.into_iter().enumerate() {
            let guid = DeliveryId::new(format!("delivery-{number}"));
            github.fails.insert(guid.clone(), (failures, status));
            github.attempt(guid, second, second, false);
        }
        github
    }

    /// The attempts of these deliveries are listed this many seconds after they were made.
    pub(super) fn list_late(&mut self, late: &[i64]) {
        for ((listed, _), late) in self.attempts.iter_mut().zip(late.iter().cycle()) {
            *listed += late;
        }
    }

    fn attempt(&mut self, guid: DeliveryId, second: i64, listed: i64, redelivery: bool) {
        let (failures, status) = self.fails.get_mut(&guid).unwrap();
        let status_code = if *failures > 0 { *status } else { 202 };
        *failures = failures.saturating_sub(1);
        let id = AttemptId(FIRST_ID + i64::try_from(self.attempts.len()).unwrap());
        let (event, action) = (WORKFLOW_JOB.to_owned(), Some("queued".to_owned()));
        let delivered_at = at(second);
        let attempt = Attempt { id, guid, delivered_at, redelivery, status_code, event, action };
        self.attempts.push((listed, attempt));
    }

    /// A page of what is listed at this second; a cursor is the id of the page's first attempt.
    fn list(&self, cursor: Option<&str>, second: i64) -> AttemptPage {
        let listed =
            self.attempts.iter().filter(|(from, it)| *from <= second && it.delivered_at <= at(second));
        let mut listed: Vec<&Attempt> = listed.map(|(_, attempt)| attempt).collect();
        listed.sort_by_key(|attempt| std::cmp::Reverse((attempt.delivered_at, attempt.id)));
        let begins = |attempt: &&Attempt| cursor.is_none_or(|cursor| attempt.id.to_string() == cursor);
        let from = listed.iter().position(begins).unwrap_or(0);
        let attempts = listed.iter().skip(from).take(self.page).map(|&attempt| attempt.clone()).collect();
        let next = listed.get(from + self.page).map(|attempt| attempt.id.to_string());
        AttemptPage { attempts, unreadable: 0, next }
    }

    /// The pass of this minute. Gives the deliveries that it asked for.
    pub(super) fn pass(&mut self, minute: i64, most: (usize, usize), crash: &Crash) -> Vec<DeliveryId> {
        let (pages, asks) = most;
        let second = minute * 60;
        let mut cursor = self.stored.clone();
        for _ in 0..pages {
            let page = self.list(cursor.next_page(), second);
            if let WalkProgress::Over(_) = cursor.read(&page, at(second)) {
                break;
            }
        }
        let asks = cursor.ask(at(second), asks);
        let made = match crash {
            Crash::BeforeItsWrite => return Vec::new(),
            Crash::After(asks) => *asks,
            Crash::No => asks.len(),
        };
        self.stored = cursor;
        let asked: Vec<DeliveryId> = asks.into_iter().take(made).map(|ask| ask.guid).collect();
        for guid in &asked {
            *self.asked.entry(guid.clone()).or_default() += 1;
            self.attempt(guid.clone(), second + REDELIVERY, second + REDELIVERY, true);
        }
        asked
    }

    /// The deliveries that were not received, and were not declined either.
    pub(super) fn missing(&self) -> Vec<String> {
        let settled = |it: &&Attempt| matches!(it.status_code, 202 | 400);
        let settled: BTreeSet<&DeliveryId> =
            self.attempts.iter().map(|(_, it)| it).filter(settled).map(|it| &it.guid).collect();
        self.fails.keys().filter(|guid| !settled.contains(guid)).map(ToString::to_string).collect()
    }
}
