//! A sweep's way through the repositories: several lists are asked for at once.

use control::Steps;
use fleet::Repository;
use fleet::ports::{Clock, GithubError, Ledger, ListItems, Random, SendMessage};
use fleet::sweep::{ListRequest, Round};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tracing::info;

use super::Turns;
use super::ask::{ListAnswer, requests_of};
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// Lists that are asked for at once: Lambda bills the wait for each round of them. GitHub allows a hundred requests
/// at once, of all that speak for the App (its documentation, "Rate limits for the REST API", "About secondary rate
/// limits"): most are left to the registrars. A list is 2 MB at most, a hundred runs of 20 KB, and all of them
/// together half of the function's memory.
const AT_ONCE: usize = 25;

/// After this many repositories in a row without an answer, GitHub gets no more requests until the next sweep.
const UNANSWERED: u32 = 3;

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Gives each repository its turn. GitHub's list of them comes first, and what it has of news is written down
    /// before any turn: a pass that is cut off among its turns has not forgotten whose turn it is. An error is what ends
    /// the sweep before its time.
    pub(super) async fn look_through(
        &self,
        pass: &mut Pass<'_>,
        turns: Turns,
        steps: &mut Steps,
    ) -> Result<(), PassStepError> {
        let known = turns(&pass.cursor, self.books.system.now()).len();
        pass.expect(requests_of(known, self.memory.runs.take()));
        self.begin_list(pass).await?;
        match self.paid(pass, self.github.list_repositories().await).await {
            Ok(listed) => pass.cursor.listed(&listed.read),
            Err(problem) if problem.ends_calls() => return Err(problem),
            Err(problem) => drop(steps.note_common::<(), _>("repositories", Err(problem))),
        }
        self.sweep_begins(pass, steps).await;
        let turns = turns(&pass.cursor, self.books.system.now());
        pass.to_come = pass.to_come.max(u32::try_from(2 * turns.len()).unwrap_or(u32::MAX));
        let mut round = Round::new(turns, &pass.cursor);
        let end = self.go_round(pass, &mut round, steps).await;
        for (repository, read_to) in round.cut_off() {
            pass.cursor.stopped_at(&repository, read_to);
        }
        end
    }

    /// Asks for list after list, several at once. What ends it ends what is asked for: the answers that are on
    /// their way are heard all the same.
    async fn go_round(
        &self,
        pass: &mut Pass<'_>,
        round: &mut Round,
        steps: &mut Steps,
    ) -> Result<(), PassStepError> {
        let mut open = FuturesUnordered::new();
        let (mut end, mut unanswered) = (Ok(()), 0);
        loop {
            while end.is_ok()
                && open.len() < AT_ONCE
                && pass.has_calls_beside(open.len(), self.books.system.now())
            {
                let Some(ask) = round.ask() else { break };
                end = self.begin_list(pass).await;
                if end.is_ok() {
                    if matches!(ask, ListRequest::Jobs(..)) {
                        self.memory.runs.set(self.memory.runs.get().saturating_add(1));
                    }
                    open.push(self.ask(ask));
                }
            }
            let Some(answer) = open.next().await else { return end };
            let repository = answer.repository().clone();
            match self.hear(pass, round, answer).await {
                Ok(is_over) => unanswered = if is_over { 0 } else { unanswered },
                // Only this ends a sweep, and it is reported.
                Err(_) if end.is_err() => {}
                Err(problem) => end = self.goes_on(pass, round, &repository, problem, &mut unanswered, steps),
            }
        }
    }

    /// Takes an answer in. Gives whether the turn of its repository is over with it.
    async fn hear(
        &self,
        pass: &mut Pass<'_>,
        round: &mut Round,
        answer: ListAnswer,
    ) -> Result<bool, PassStepError> {
        let repository = match answer {
            ListAnswer::Runs(repository, listed) => {
                round.has_runs(&repository, &self.paid(pass, listed).await?.read);
                repository
            }
            ListAnswer::Jobs(repository, run, listed) => {
                match self.paid(pass, listed).await {
                    // The run is gone.
                    Err(PassStepError::Github(GithubError::NotFound(_))) => {}
                    listed => self.tell_untold(pass, &repository, run, &listed?).await?,
                }
                round.has_jobs(&repository, run.id);
                repository
            }
        };
        let ended = round.ended(&repository);
        if let Some(read_to) = ended {
            pass.cursor.took_turn(&repository, self.books.system.now(), read_to);
        }
        Ok(ended.is_some())
    }

    /// What follows where a list was not read: its repository's turn is over. An error ends the sweep.
    fn goes_on(
        &self,
        pass: &mut Pass<'_>,
        round: &mut Round,
        repository: &Repository,
        problem: PassStepError,
        unanswered: &mut u32,
        steps: &mut Steps,
    ) -> Result<(), PassStepError> {
        let now = self.books.system.now();
        match problem {
            PassStepError::Github(GithubError::NotFound(why) | GithubError::Refused(why)) => {
                if round.give_up(repository) {
                    info!(%repository, why, "GitHub does not show a repository; it is asked for in an hour");
                    pass.cursor.hidden(repository, now);
                }
            }
            problem if problem.ends_calls() => return Err(problem),
            problem => {
                *unanswered += 1;
                if *unanswered >= UNANSWERED {
                    return Err(problem);
                }
                // The others have their turns first.
                if round.give_up(repository) {
                    pass.cursor.took_turn(repository, now, None);
                    steps.note_common::<(), _>(&format!("sweep {repository}"), Err(problem));
                }
            }
        }
        Ok(())
    }
}
