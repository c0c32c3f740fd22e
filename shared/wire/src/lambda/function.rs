//! A function: its configuration, and as many environments as its events need.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::Notify;

use super::{Environment, InvokeError};

/// What Lambda is told of a function.
#[derive(Debug, Clone)]
pub struct FunctionConfig {
    /// Its name.
    pub name: String,
    /// The binary, which Lambda calls `bootstrap`.
    pub binary: PathBuf,
    /// Memory in MB, which the process is told and nothing here limits.
    pub memory: u32,
    /// The longest that an event may take.
    pub timeout: Duration,
    /// Most environments at once.
    pub concurrency: usize,
    /// The environment variables of its own.
    pub variables: BTreeMap<String, String>,
    /// The file that its output is added to; `None` for this process's own output.
    pub log: Option<PathBuf>,
}

impl FunctionConfig {
    /// The variables that Lambda sets (AWS: "Defined runtime environment variables"). The
    /// credentials are good for nothing but servers on this machine.
    pub(super) fn lambda_variables(&self) -> BTreeMap<&'static str, String> {
        let root = self.binary.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        BTreeMap::from([
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_SESSION_TOKEN", "local".to_owned()),
            ("LAMBDA_TASK_ROOT", root),
            ("_HANDLER", "bootstrap".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ])
    }
}

/// A function that can be invoked. Clones are the same function.
#[derive(Debug, Clone)]
pub struct Function(Arc<State>);

#[derive(Debug)]
struct State {
    config: FunctionConfig,
    pool: Mutex<Pool>,
    kill: Notify,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Environment>,
    busy: usize,
}

impl Function {
    /// A function without environments; the first event starts one.
    pub fn new(config: FunctionConfig) -> Self {
        Self(Arc::new(State { config, pool: Mutex::default(), kill: Notify::new() }))
    }

    /// Invokes it once, in an idle environment or a new one.
    pub async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let idle = {
            let mut pool = self.pool();
            if pool.busy >= self.0.config.concurrency {
                return Err(InvokeError::Throttled);
            }
            pool.busy += 1;
            pool.idle.pop()
        };
        // However this ends, dropped futures included, the environment is no longer busy.
        let busy = Busy(self);
        let mut environment = match idle {
            Some(environment) => environment,
            None => Environment::start(&self.0.config).await?,
        };
        let outcome = tokio::select! {
            outcome = environment.invoke(payload) => outcome,
            () = self.0.kill.notified() => Err(InvokeError::Ended("it was killed".to_owned())),
        };
        if matches!(outcome, Ok(_) | Err(InvokeError::Failed(_))) {
            self.pool().idle.push(environment);
        }
        drop(busy);
        outcome
    }

    /// Kills one environment that has an event in hand, as Lambda loses a host. `false` if none has.
    pub fn kill_one(&self) -> bool {
        let is_busy = self.pool().busy > 0;
        if is_busy {
            self.0.kill.notify_one();
        }
        is_busy
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Busy<'a>(&'a Function);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.pool().busy -= 1;
    }
}
