//! Leftovers that should not exist: tasks that nobody reserved, registrations of runners that have stopped,
//! listeners that GitHub has forgotten. They are planted by hand.

use fleet::launch::RunTaskRequest;
use fleet::ledger::{Runner, RunnerState};
use fleet::ticket::Ticket;
use fleet::{GithubRunnerId, Pool, RunnerId};

use super::{Functions, World};
use crate::journal::Subject;
use crate::process::ConnectedListener;
use crate::{TICKET_KEY, placement_of};

/// The runner group of planted registrations. Nobody listens for them, so that GitHub has no job for one in the
/// moment of its deletion.
pub(crate) const PLANTED: &str = "planted";

impl<F: Functions + 'static> World<F> {
    /// Starts a task of a pool for a runner that nobody has reserved for it, with the tags of a launch. Its
    /// PID 1 does nothing.
    pub fn plant_task(&mut self, pool: &Pool, runner: &RunnerId) {
        let now = self.now();
        let launched = Runner::reserved(runner.clone(), pool.name.clone(), pool.name.clone(), now);
        let ticket = Ticket::issue(runner, &TICKET_KEY.into());
        let request =
            RunTaskRequest::new(&launched, &placement_of(pool), &ticket, "https://nowhere.invalid/");
        self.planted.insert(runner.clone());
        let started = self.sandbox.ecs().borrow_mut().run_task(&request, now);
        if started.is_ok() {
            self.sandbox.note(|| Subject::Runner(runner.clone()), || "planted: a task".to_owned());
        }
        self.follow_tasks();
    }

    /// The runners that tasks were planted for.
    pub fn is_planted(&self, runner: &RunnerId) -> bool {
        self.planted.contains(runner)
    }

    /// Registers a runner by the name of one that has stopped, online or not. `false` if there is none, or
    /// if it is registered.
    pub fn plant_registration(&mut self, place: usize, online: bool) -> bool {
        let stopped: Vec<Runner> = {
            let table = self.sandbox.table().borrow();
            table.runners().filter(|it| it.state == RunnerState::Stopped).cloned().collect()
        };
        let Some(runner) = stopped.get(place % stopped.len().max(1)) else { return false };
        let name = runner.id.github_name(&runner.pool);
        let made = self.sandbox.github().borrow_mut().register(&name, [""; 0].iter().collect(), PLANTED);
        let Some(id) = made else { return false };
        if online {
            self.sandbox.github().borrow_mut().connect(id);
        }
        self.sandbox.note(|| Subject::Runner(runner.id.clone()), || "planted: a registration".to_owned());
        self.forget_later(id);
        true
    }

    /// GitHub forgets the registration of an idle listener, which goes on listening. Gives whose it was.
    pub fn lose_registration(&mut self, place: usize) -> Option<RunnerId> {
        let idle: Vec<(GithubRunnerId, RunnerId)> = {
            let github = self.sandbox.github().borrow();
            let listens =
                |id: &GithubRunnerId| github.runner(*id).is_some_and(|it| it.online && it.job.is_none());
            let of = |id: GithubRunnerId| {
                let process = self.processes.get(self.registered.get(&id)?)?;
                process.listener.filter(ConnectedListener::is_idle)?;
                Some((id, process.runner.clone()))
            };
            self.registered.keys().copied().filter(listens).filter_map(of).collect()
        };
        let (id, runner) = idle.get(place % idle.len().max(1))?.clone();
        self.sandbox.github().borrow_mut().remove(id).ok()?;
        self.sandbox
            .note(|| Subject::Runner(runner.clone()), || "forgotten by GitHub: listens on".to_owned());
        Some(runner)
    }

    /// Whether there is something that the reconciler has to end though the ledger counts nothing of it: a
    /// registration of a runner that has stopped, or a task for nobody.
    pub(super) fn has_strays(&self) -> bool {
        let table = self.sandbox.table().borrow();
        let has_stopped =
            |id: &RunnerId| table.runner(id).is_some_and(|runner| runner.state == RunnerState::Stopped);
        let github = self.sandbox.github().borrow();
        let mut names = github.runners().filter_map(|it| RunnerId::from_github_name(&it.name));
        let ecs = self.sandbox.ecs().borrow();
        let mut tasks = ecs.tasks_on_their_way().filter(|task| task.stop.is_none());
        let is_for_nobody = |id: RunnerId| {
            table.runner(&id).is_none_or(|it| it.state == RunnerState::Stopped && it.has_no_config())
        };
        names.any(|id| has_stopped(&id)) || tasks.any(|task| task.runner().is_some_and(is_for_nobody))
    }
}
