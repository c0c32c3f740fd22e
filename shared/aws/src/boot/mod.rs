//! The boot of a function: what happens once, in Lambda's init phase, before the first event.
//!
//! Lambda does not throttle the init phase and counts it with the first event, so everything that
//! the first event needs is made here: clients, credentials, settings, open TLS connections. What is deployed
//! with the function and wrong ends it, with a line each; secrets that cannot be read do not.

mod client;
mod cost_lines;
mod environment;
mod fresh;
pub mod metric_lines;
mod telemetry;

use std::convert::Infallible;

use aws_config::SdkConfig;
use fleet::PoolMap;
use fleet::metric::Metric;
use fleet::pools::PoolMapError;
use fleet::settings::{FromParameters, SettingsProblems, Variables};
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::LocalSet;
use tracing::Instrument as _;

pub use self::cost_lines::CostLines;
use self::environment::LookupVariable;
pub use self::environment::System;
pub use self::fresh::{Fresh, NotRead, OLD as SETTINGS_ARE_OLD, tell_read_again};
use self::telemetry::Telemetry;
pub use self::telemetry::{log, span};
#[cfg(feature = "costs")]
use crate::costs::CostLog;
use crate::parameters::ParameterStore;

/// A build of a function outside of the workspace, or in a container that has only the function's folder,
/// gets none of its settings: the build ends here, and not with half a second more on Lambda.
const _: () = assert!(
    option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY").is_some(),
    "the settings of .cargo/config.toml do not reach this build: run cargo inside the workspace"
);

/// The variable that holds the path of the parameters, `/mayfly` say.
const PARAMETERS_VARIABLE: &str = "MAYFLY_PARAMETERS";

/// The variable that says which file holds the map of pools: one of a layer that is deployed with the
/// functions, so that none of them asks for it.
const MAP_VARIABLE: &str = "MAYFLY_MAP";

/// The variable that names the log group of what runners cost.
#[cfg(feature = "costs")]
const COSTS_VARIABLE: &str = "MAYFLY_COST_LOGS";

/// A function that starts.
#[derive(Debug)]
pub struct Boot {
    /// The SDK's configuration, from which clients are made.
    pub config: SdkConfig,
    variables: Variables<LookupVariable>,
    problems: SettingsProblems,
    telemetry: Telemetry,
    #[cfg(feature = "costs")]
    costs: Option<CostLog>,
}

impl Boot {
    /// Begins: logs and metrics first, then the SDK's configuration. `tables` are the metrics of each
    /// crate that the function is made of.
    pub fn begin(tables: &[&[Metric]]) -> Self {
        let variables = Variables::new(environment::variable as LookupVariable);
        let mut telemetry = Telemetry::install(&variables);
        tables.iter().copied().chain([fresh::METRICS]).for_each(|table| telemetry.describe(table));
        Self {
            config: client::sdk_config(),
            variables,
            problems: SettingsProblems::default(),
            telemetry,
            #[cfg(feature = "costs")]
            costs: None,
        }
    }

    /// A variable that the function needs. If it is missing, [`Boot::finish`] says so.
    pub fn variable(&mut self, name: &str) -> String {
        self.variables.required(name)
    }

    /// A variable that has to be a whole number. If it is none, [`Boot::finish`] says so.
    pub fn number(&mut self, name: &str) -> u64 {
        self.variables.number(name)
    }

    /// A variable that may be missing.
    pub fn optional_variable(&self, name: &str) -> Option<String> {
        self.variables.optional(name)
    }

    /// A variable that holds JSON. What is wrong with it, [`Boot::finish`] says.
    pub fn json<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let text = Some(self.variables.required(name)).filter(|text| !text.is_empty())?;
        let read = serde_json::from_str(&text);
        read.map_err(|error| self.problems.note(format!("{name}: {error}"))).ok()
    }

    /// The map of pools that is deployed with the function, read by one of [`PoolMap`]'s functions. What is
    /// wrong with it, [`Boot::finish`] says.
    pub fn pools(&mut self, read: fn(&str) -> Result<PoolMap, PoolMapError>) -> Option<PoolMap> {
        let file = Some(self.variables.required(MAP_VARIABLE)).filter(|file| !file.is_empty())?;
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        let pools = text.and_then(|text| read(&text).map_err(|error| error.to_string()));
        pools.map_err(|problem| self.problems.note(format!("{file}: {problem}"))).ok()
    }

    /// What runners cost is written into the log group that a variable names. Without it, nobody writes it down.
    #[cfg(feature = "costs")]
    pub fn costs(&mut self) {
        self.costs = self.variables.optional(COSTS_VARIABLE).map(|group| CostLog::new(&self.config, group));
    }

    /// What was made of such parts, or [`Boot::finish`] says what is wrong with it.
    pub fn good<T>(&mut self, made: Result<T, SettingsProblems>) -> Option<T> {
        made.map_err(|problems| self.problems.extend(problems)).ok()
    }

    /// Reads the function's parameters. A function that cannot read them starts all the same: its answer is
    /// that it is not ready, until it can. Without `deployed` there is nothing to begin with.
    pub async fn settings<S>(&mut self, deployed: Option<S::Deployed>) -> Option<Fresh<S>>
    where
        S: FromParameters + 'static,
        S::Deployed: 'static,
    {
        let path = self.variables.required(PARAMETERS_VARIABLE);
        let deployed = deployed.filter(|_| !path.is_empty())?;
        Some(Fresh::read(ParameterStore::new(&self.config, path), deployed).await)
    }

    /// Ends the boot. All that was wrong is one error, and a line each in the log.
    pub fn finish<S>(mut self, settings: Option<S>) -> Result<(Started, S), SettingsProblems> {
        self.problems.extend(self.variables.into_problems());
        self.problems.iter().for_each(|problem| tracing::error!(problem, "the settings are not usable"));
        let started = Started {
            telemetry: self.telemetry,
            #[cfg(feature = "costs")]
            costs: self.costs,
        };
        Ok((started, self.problems.all_or(settings)?))
    }
}

/// A function that has started.
#[derive(Debug)]
pub struct Started {
    telemetry: Telemetry,
    #[cfg(feature = "costs")]
    costs: Option<CostLog>,
}

impl Started {
    /// Writes out what an event has left. Lambda may freeze the process after its answer.
    #[cfg_attr(
        not(feature = "costs"),
        expect(clippy::unused_async, reason = "there is nothing to write elsewhere")
    )]
    async fn event_ended(&self) {
        self.telemetry.flush();
        let lines = self.telemetry.costs.take();
        #[cfg(feature = "costs")]
        if let Some(costs) = self.costs.as_ref().filter(|_| !lines.is_empty()) {
            Box::pin(costs.put(lines)).await;
        }
        #[cfg(not(feature = "costs"))]
        drop(lines);
    }

    /// Takes events, one after the other, until Lambda ends the process.
    ///
    /// The handler cannot fail: what goes wrong is a part of its answer. The metrics of an event
    /// are written out before its answer is given, because Lambda may freeze the process after it.
    pub async fn run<E, A>(self, handler: impl AsyncFn(E) -> A) -> Result<(), lambda_runtime::Error>
    where
        E: DeserializeOwned,
        A: Serialize,
    {
        let (handler, started) = (&handler, &self);
        let runtime = Runtime::new(service_fn(async move |event: LambdaEvent<E>| {
            let span = span(&event.context.request_id);
            let answer = Box::pin(handler(event.payload)).instrument(span).await;
            started.event_ended().await;
            Ok::<A, Infallible>(answer)
        }));
        LocalSet::new().run_until(runtime.run()).await
    }

    /// As [`Started::run`], for a handler that can fail: its error is the invocation's, so that Lambda
    /// counts it among the function's errors.
    pub async fn try_run<E, A, P>(
        self,
        handler: impl AsyncFn(E) -> Result<A, P>,
    ) -> Result<(), lambda_runtime::Error>
    where
        E: DeserializeOwned,
        A: Serialize,
        P: std::error::Error + Send + Sync + 'static,
    {
        let (handler, started) = (&handler, &self);
        let runtime = Runtime::new(service_fn(async move |event: LambdaEvent<E>| {
            let span = span(&event.context.request_id);
            let answer = Box::pin(handler(event.payload)).instrument(span).await;
            started.event_ended().await;
            answer.map_err(lambda_runtime::Error::from)
        }));
        LocalSet::new().run_until(runtime.run()).await
    }
}
