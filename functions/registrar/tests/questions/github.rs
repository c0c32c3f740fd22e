//! GitHub as the sandbox has it. What is called is written down, and a call takes its time, or fails, as
//! the test says.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use fleet::GithubRunnerId;
use fleet::ports::{
    Clock as _, DeleteRunner, FindRunner, FindRunnerGroup, GenerateJitConfig, GithubError, JitConfig,
    JitRunner, RunnerGroupId,
};
use jiff::Timestamp;
use sandbox::Sandbox;

/// A call of GitHub's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GithubCall {
    /// The runner group, by its name.
    FindGroup,
    /// `generate-jitconfig`.
    Register,
    /// A registration, by its name.
    Find,
    /// The end of a registration.
    Delete,
}

/// GitHub. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct WatchedGithub {
    sandbox: Sandbox,
    state: Rc<RefCell<GithubRehearsal>>,
}

#[derive(Debug, Default)]
struct GithubRehearsal {
    calls: Vec<(GithubCall, Timestamp)>,
    takes: Duration,
    fails: Option<(GithubCall, GithubError)>,
}

impl WatchedGithub {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, state: Rc::default() }
    }

    /// From now on each call takes this many seconds before it has its effect.
    pub(crate) fn takes(&self, seconds: u64) {
        self.state.borrow_mut().takes = Duration::from_secs(seconds);
    }

    /// This call fails so from now on.
    pub(crate) fn fails(&self, call: GithubCall, error: GithubError) {
        self.state.borrow_mut().fails = Some((call, error));
    }

    /// No call fails from now on.
    pub(crate) fn is_well(&self) {
        self.state.borrow_mut().fails = None;
    }

    /// The calls since this was asked last, with when they began.
    pub(crate) fn take_calls(&self) -> Vec<(GithubCall, Timestamp)> {
        std::mem::take(&mut self.state.borrow_mut().calls)
    }

    async fn call<T>(
        &self,
        call: GithubCall,
        act: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, GithubError> {
        self.state.borrow_mut().calls.push((call, self.sandbox.now()));
        let takes = self.state.borrow().takes;
        self.sandbox.sleep(takes).await;
        let fails = self.state.borrow().fails.clone();
        match fails {
            Some((failing, error)) if failing == call => Err(error),
            _ => act.await,
        }
    }
}

impl FindRunnerGroup for WatchedGithub {
    async fn find_runner_group(&self, name: &str) -> Result<RunnerGroupId, GithubError> {
        self.call(GithubCall::FindGroup, self.sandbox.find_runner_group(name)).await
    }
}

impl GenerateJitConfig for WatchedGithub {
    async fn generate_jit_config(&self, runner: &JitRunner) -> Result<JitConfig, GithubError> {
        self.call(GithubCall::Register, self.sandbox.generate_jit_config(runner)).await
    }
}

impl FindRunner for WatchedGithub {
    async fn find_runner(&self, name: &str) -> Result<Option<GithubRunnerId>, GithubError> {
        self.call(GithubCall::Find, self.sandbox.find_runner(name)).await
    }
}

impl DeleteRunner for WatchedGithub {
    async fn delete_runner(&self, runner: GithubRunnerId) -> Result<(), GithubError> {
        self.call(GithubCall::Delete, self.sandbox.delete_runner(runner)).await
    }
}
