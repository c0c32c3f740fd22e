//! One look through repositories: which list is asked for next, while others are not answered yet.
//!
//! Turns begin in their order, and a list of an earlier turn comes before those of later ones. Of one repository
//! the runs that wait come first, then those at work: a run that begins between the two is in both, not in
//! none. Then come the jobs of its runs, as many lists at once as the caller likes.

use std::collections::{BTreeSet, VecDeque};

use super::SweepCursor;
use super::candidates::RUNS_A_TURN;
use crate::ids::Repository;
use crate::ports::{ListedRun, RunId, RunStatus};

/// A list of GitHub's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListRequest {
    /// The runs of a repository that have this status.
    Runs(Repository, RunStatus),
    /// The jobs of a run.
    Jobs(Repository, ListedRun),
}

impl ListRequest {
    /// Whose list it is.
    pub fn repository(&self) -> &Repository {
        match self {
            Self::Runs(repository, _) | Self::Jobs(repository, _) => repository,
        }
    }
}

/// A turn that has begun and is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Turn {
    repository: Repository,
    /// The run after which it goes on.
    after: Option<RunId>,
    runs: Runs,
}

/// How far the lists of a turn are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Runs {
    /// The runs of a status are asked for, or about to be; those of the earlier status are known.
    Listed { status: RunStatus, is_asked: bool, so_far: BTreeSet<ListedRun> },
    /// All runs are known. Of those that this turn reads, which were asked for, and which answered.
    Known { runs: Vec<ListedRun>, asked: usize, answered: BTreeSet<RunId>, goes_on: bool },
}

/// A look through repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    waiting: VecDeque<(Repository, Option<RunId>)>,
    turns: Vec<Turn>,
}

impl Round {
    /// Of these repositories, in this order.
    pub fn new(turns: Vec<Repository>, cursor: &SweepCursor) -> Self {
        let read_to = |it: &Repository| cursor.candidates.get(it).and_then(|candidate| candidate.read_to);
        let waiting = turns.into_iter().map(|it| (it.clone(), read_to(&it))).collect();
        Self { waiting, turns: Vec::new() }
    }

    /// The next list to ask for. `None` as long as everything waits for an answer, and in the end.
    pub fn ask(&mut self) -> Option<ListRequest> {
        if let Some(ask) = self.turns.iter_mut().find_map(Turn::ask) {
            return Some(ask);
        }
        let (repository, after) = self.waiting.pop_front()?;
        let runs = Runs::Listed { status: RunStatus::Queued, is_asked: false, so_far: BTreeSet::new() };
        self.turns.push(Turn { repository, after, runs });
        self.turns.last_mut().and_then(Turn::ask)
    }

    /// GitHub has listed the runs of a repository.
    pub fn has_runs(&mut self, repository: &Repository, listed: &[ListedRun]) {
        if let Some(turn) = self.turn(repository) {
            turn.has_runs(listed);
        }
    }

    /// GitHub has listed the jobs of a run, or has none.
    pub fn has_jobs(&mut self, repository: &Repository, run: RunId) {
        if let Some(Turn { runs: Runs::Known { answered, .. }, .. }) = self.turn(repository) {
            answered.insert(run);
        }
    }

    /// Whether the turn of a repository has come to its end just now, and the run after which the next one goes
    /// on, if there are more runs.
    pub fn ended(&mut self, repository: &Repository) -> Option<Option<RunId>> {
        let at = self.turns.iter().position(|turn| turn.repository == *repository && turn.is_over())?;
        let turn = self.turns.remove(at);
        let goes_on = matches!(turn.runs, Runs::Known { goes_on: true, .. });
        Some(turn.read_to().filter(|_| goes_on))
    }

    /// The turn of a repository is given up: nothing more is asked for it. `false` if it was before.
    pub fn give_up(&mut self, repository: &Repository) -> bool {
        let before = self.turns.len();
        self.turns.retain(|turn| turn.repository != *repository);
        self.turns.len() < before
    }

    /// The turns that have begun and did not come to their end, with the run up to which each was read.
    pub fn cut_off(self) -> impl Iterator<Item = (Repository, Option<RunId>)> {
        self.turns.into_iter().map(|turn| (turn.repository.clone(), turn.read_to()))
    }

    fn turn(&mut self, repository: &Repository) -> Option<&mut Turn> {
        self.turns.iter_mut().find(|turn| turn.repository == *repository)
    }
}

impl Turn {
    fn ask(&mut self) -> Option<ListRequest> {
        match &mut self.runs {
            Runs::Listed { is_asked: true, .. } => None,
            Runs::Listed { status, is_asked, .. } => {
                *is_asked = true;
                Some(ListRequest::Runs(self.repository.clone(), *status))
            }
            Runs::Known { runs, asked, .. } => {
                let run = runs.get(*asked).copied()?;
                *asked += 1;
                Some(ListRequest::Jobs(self.repository.clone(), run))
            }
        }
    }

    fn has_runs(&mut self, listed: &[ListedRun]) {
        let Runs::Listed { status, so_far, .. } = &mut self.runs else { return };
        so_far.extend(listed);
        let so_far = std::mem::take(so_far);
        self.runs = match status {
            RunStatus::Queued => Runs::Listed { status: RunStatus::InProgress, is_asked: false, so_far },
            RunStatus::InProgress => {
                let is_left = |run: &ListedRun| self.after.is_none_or(|after| run.id > after);
                let mut runs: Vec<ListedRun> = so_far.into_iter().filter(is_left).collect();
                runs.dedup_by_key(|run| run.id);
                let goes_on = runs.len() > RUNS_A_TURN;
                runs.truncate(RUNS_A_TURN);
                Runs::Known { runs, asked: 0, answered: BTreeSet::new(), goes_on }
            }
        };
    }

    fn is_over(&self) -> bool {
        matches!(&self.runs, Runs::Known { runs, answered, .. } if answered.len() == runs.len())
    }

    /// The run up to which all have answered.
    fn read_to(&self) -> Option<RunId> {
        let Runs::Known { runs, answered, .. } = &self.runs else { return None };
        runs.iter().map(|run| run.id).take_while(|run| answered.contains(run)).last()
    }
}
