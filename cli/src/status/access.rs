//! What `why` reads: the stack's table, clusters and logs through the SDK's configuration, and GitHub with a
//! person's token or the App's key.

use std::time::Duration;

use aws::boot::System;
use aws::ledger::{DynamoDbTable, table_of_stack};
use aws::parameters::ParameterStore;
use aws::tasks::Tasks;
use aws_config::SdkConfig;
use control::{JobQuery, Sources};
use fleet::PoolMap;
use fleet::settings::{SettingsProblems, folder};
use github::app::{API_URL, App, AppConfig};
use secrecy::SecretString;

use super::diagnosis::Diagnosis;
use super::logs;
use super::reference::Reference;
use super::samconfig::Names;

/// Longest wait for one answer from GitHub.
const GITHUB_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// The stack's name, if nothing says otherwise.
const STACK: &str = "mayfly";

/// The path of its secrets, if nothing says otherwise.
const PARAMETERS: &str = "/mayfly";

/// What is known of a deployment and of the asker.
#[derive(Debug, Default)]
pub struct Access {
    /// The deployment's names.
    pub names: Names,
    /// The ledger's table, if named.
    pub table: Option<String>,
    /// A person's token at GitHub.
    pub token: Option<SecretString>,
    /// GitHub's API, if it is not GitHub.com's.
    pub github_api_url: Option<String>,
    /// Whether the logs are read too.
    pub with_logs: bool,
}

impl Access {
    fn stack(&self) -> &str {
        self.names.stack.as_deref().unwrap_or(STACK)
    }

    /// Asks all of them about a job.
    pub async fn look(&self, config: &SdkConfig, reference: &Reference, pools: PoolMap) -> Diagnosis {
        let has_region = config.region().is_some();
        let no_region = || "no region is set: say --region".to_owned();
        let table = if has_region { self.table(config).await } else { Err(no_region()) };
        let table = table.map(|name| DynamoDbTable::new(config, name));
        let tasks = if has_region { Ok(Tasks::new(config)) } else { Err(no_region()) };
        let app = self.github(config).await;
        let asked = JobQuery {
            job: reference.job,
            repository: reference.repository.clone(),
            organisation: self.names.organisation.clone(),
            pools,
            stack: self.stack().to_owned(),
        };
        let sources = Sources {
            ledger: table.as_ref().map_err(Clone::clone),
            github: app.as_ref().map_err(Clone::clone),
            ecs: tasks.as_ref().map_err(Clone::clone),
        };
        let mut seen = Diagnosis::of(sources.look(&asked, &System).await);
        if self.with_logs {
            seen.logs = logs::of_job(config, self.stack(), &seen).await;
        }
        seen
    }

    async fn table(&self, config: &SdkConfig) -> Result<String, String> {
        if let Some(table) = &self.table {
            return Ok(table.clone());
        }
        let stack = self.stack();
        let found = table_of_stack(config, stack).await.map_err(|error| error.to_string())?;
        found.ok_or_else(|| {
            format!("no table here belongs to the stack {stack}: say --stack, --region or --table")
        })
    }

    /// GitHub, with the person's token; without one, with the App's key, if the asker may read that.
    async fn github(&self, config: &SdkConfig) -> Result<App<System>, String> {
        let app = |id, organisation| {
            let api_url = self.github_api_url.clone().unwrap_or_else(|| API_URL.to_owned());
            App::new(AppConfig { id, organisation, api_url }, System, GITHUB_ANSWERS_WITHIN)
        };
        if let Some(token) = &self.token {
            let app = app(0, self.names.organisation.clone().unwrap_or_default());
            app.use_token(token).map_err(|error| error.to_string())?;
            return Ok(app);
        }
        let (Some(id), Some(organisation)) = (self.names.app_id, self.names.organisation.clone()) else {
            return Err("no token: set GITHUB_TOKEN (read access to Actions is enough)".to_owned());
        };
        let path = self.names.parameters.as_deref().unwrap_or(PARAMETERS);
        let told = |problems: &SettingsProblems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            format!("no token, and the App's key is not readable: {}; set GITHUB_TOKEN", problems.join("; "))
        };
        let read = ParameterStore::new(config, path).read(&[folder::GITHUB_APP_KEYS]).await;
        let (parameters, _) = read.map_err(|problems| told(&problems))?;
        let mut problems = SettingsProblems::default();
        let key = parameters.secrets(folder::GITHUB_APP_KEYS, &mut problems).pop();
        let app = app(id, organisation);
        app.use_key(&key.ok_or_else(|| told(&problems))?).map_err(|error| error.to_string())?;
        Ok(app)
    }
}
