//! The repositories that may have jobs, and the order of their turns.

use std::cmp::Reverse;
use std::vec::IntoIter;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::SweepCursor;
use crate::ids::Repository;
use crate::ports::RunId;

/// How many of the repositories, those with the newest push or job, are read by every sweep that has the
/// time. The others share what is left.
pub const ALWAYS_READ: usize = 50;

/// One turn in this many goes to the others, whatever is left.
pub const ONE_OF: usize = 5;

/// Most repositories that are looked through: with them, and the jobs that were found, the item is within
/// DynamoDB's 400 KB. More than that many with jobs in a day are read by their webhooks alone.
pub const MOST: usize = 300;

/// Runs of a repository that are read in one turn. It goes on with the others in the next one.
pub const RUNS_A_TURN: usize = 20;

/// How long a repository is looked through after its last job, or push.
const ACTIVE_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long a repository is left alone that GitHub does not show us.
const HIDDEN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// A repository that may have jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// When the ledger last heard of a job of it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_at: Option<Timestamp>,
    /// When somebody pushed to it last, if it ever was among those of GitHub's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<Timestamp>,
    /// Whether it is among them now.
    #[serde(default)]
    pub is_listed: bool,
    /// When its last turn was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept_at: Option<Timestamp>,
    /// The run after which its next turn goes on, where the last one did not come to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_to: Option<RunId>,
    /// Until when it is left alone, because GitHub did not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_until: Option<Timestamp>,
}

impl Candidate {
    fn active_at(&self) -> Option<Timestamp> {
        self.job_at.max(self.pushed_at)
    }
}

impl SweepCursor {
    /// A repository has a job, or had one then.
    pub(super) fn saw_job(&mut self, repository: &Repository, at: Timestamp) {
        if let Some(known) = self.candidates.get_mut(repository) {
            known.job_at = known.job_at.max(Some(at));
        } else {
            let candidate = Candidate { job_at: Some(at), ..Candidate::default() };
            self.candidates.insert(repository.clone(), candidate);
        }
    }

    /// GitHub has listed the repositories that were pushed to last, each with its time.
    pub fn listed(&mut self, pushed: &[(Repository, Timestamp)]) {
        for candidate in self.candidates.values_mut() {
            candidate.is_listed = false;
        }
        for (repository, at) in pushed {
            let candidate = self.candidates.entry(repository.clone()).or_default();
            candidate.pushed_at = Some(*at);
            candidate.is_listed = true;
        }
    }

    /// The repositories in the order of their turns, each once: of the most active ones, and of the others,
    /// those whose last turn is the longest ago first.
    pub fn turns(&self, now: Timestamp) -> Vec<Repository> {
        let (mut active, mut others) = self.by_activity(now);
        let mut turns = Vec::with_capacity(self.candidates.len());
        loop {
            let is_others_turn = (turns.len() + 1).is_multiple_of(ONE_OF);
            let next = if is_others_turn { others.next() } else { active.next() };
            let Some(next) = next.or_else(|| active.next()).or_else(|| others.next()) else { break };
            turns.push(next);
        }
        self.after_the_unended(turns)
    }

    /// The most active repositories alone, in the order of their turns.
    pub fn active_turns(&self, now: Timestamp) -> Vec<Repository> {
        self.after_the_unended(self.by_activity(now).0.collect())
    }

    /// One turn later for each sweep that was begun before this one and has not ended.
    fn after_the_unended(&self, mut turns: Vec<Repository>) -> Vec<Repository> {
        let before = usize::try_from(self.unended.saturating_sub(1)).unwrap_or(0);
        let begins_at = before % turns.len().max(1);
        turns.rotate_left(begins_at);
        turns
    }

    /// The most active repositories and the others, each in the order of their turns.
    fn by_activity(&self, now: Timestamp) -> (IntoIter<Repository>, IntoIter<Repository>) {
        let is_shown = |it: &Candidate| it.hidden_until.is_none_or(|until| until <= now);
        let mut shown: Vec<_> = self.candidates.iter().filter(|(_, it)| is_shown(it)).collect();
        shown.sort_by_key(|(repository, it)| (Reverse(it.active_at()), *repository));
        let (active, others) = shown.split_at(ALWAYS_READ.min(shown.len()));
        (by_turn(active), by_turn(others))
    }

    /// A repository had its turn, which came to the end, or up to this run.
    pub fn took_turn(&mut self, repository: &Repository, now: Timestamp, read_to: Option<RunId>) {
        if let Some(candidate) = self.candidates.get_mut(repository) {
            candidate.swept_at = Some(now);
            candidate.read_to = read_to;
            candidate.hidden_until = None;
        }
    }

    /// Its turn is cut off after this run: it goes on there, before all others.
    pub fn stopped_at(&mut self, repository: &Repository, read_to: Option<RunId>) {
        if let Some(candidate) = self.candidates.get_mut(repository) {
            candidate.read_to = read_to.or(candidate.read_to);
        }
    }

    /// GitHub does not show a repository: it is gone, or the App may not read it.
    pub fn hidden(&mut self, repository: &Repository, now: Timestamp) {
        self.took_turn(repository, now, None);
        if let Some(candidate) = self.candidates.get_mut(repository) {
            candidate.hidden_until = now.checked_add(HIDDEN_FOR).ok();
        }
    }

    /// How long ago the turn is for which a repository waits the longest; zero where none has had one.
    pub fn oldest_turn(&self, now: Timestamp) -> SignedDuration {
        let shown = self.candidates.values().filter(|it| it.hidden_until.is_none_or(|until| until <= now));
        let oldest = shown.filter_map(|candidate| candidate.swept_at).min();
        oldest.map_or(SignedDuration::ZERO, |at| now.duration_since(at).max(SignedDuration::ZERO))
    }

    /// Another pass at the same time has given a repository its turn.
    pub(super) fn took_turn_elsewhere(&mut self, repository: &Repository, theirs: &Candidate) {
        match self.candidates.get_mut(repository) {
            Some(ours) if ours.swept_at < theirs.swept_at => *ours = theirs.clone(),
            Some(_) => {}
            None => drop(self.candidates.insert(repository.clone(), theirs.clone())),
        }
    }

    /// Forgets the repositories that had neither a job nor a push in a day and are not in GitHub's list, and
    /// the least active ones where there are too many.
    pub(super) fn forget_candidates(&mut self, now: Timestamp) {
        let is_active = |it: &Candidate| it.active_at().is_some_and(|at| now.duration_since(at) < ACTIVE_FOR);
        self.candidates.retain(|_, it| it.is_listed || is_active(it));
        if self.candidates.len() <= MOST {
            return;
        }
        let mut by_activity: Vec<_> =
            self.candidates.iter().map(|(repository, it)| (it.active_at(), repository.clone())).collect();
        by_activity.sort();
        let excess = by_activity.len() - MOST;
        for (_, repository) in by_activity.into_iter().take(excess) {
            self.candidates.remove(&repository);
        }
    }
}

/// Those whose last turn is the longest ago first, and before them those that never had one: of these the
/// more active one comes first, as it does in the group.
fn by_turn(group: &[(&Repository, &Candidate)]) -> IntoIter<Repository> {
    let mut group = group.to_vec();
    group.sort_by_key(|(_, it)| it.swept_at);
    group.into_iter().map(|(repository, _)| repository.clone()).collect::<Vec<_>>().into_iter()
}
