//! GitHub's API, as the App meets it that is installed in the organisation.
//!
//! The App proves itself with a token that it signs with its private key. With it, it finds its
//! installation in the organisation, once, and gets tokens of an hour for the rest.

mod call;
mod failure;
mod groups;
mod hooks;
mod jit;
mod jobs;
mod known;
mod lists;
mod look;
pub mod metrics;
mod runners;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use fleet::ports::{Clock, GithubError, RunnerGroupId};
use octocrab::models::{AppId, InstallationId};
use octocrab::{DefaultOctocrabBuilderConfig, NoAuth, NoSvc, NotLayerReady, Octocrab, OctocrabBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

pub use self::hooks::Hook;
use self::known::KnownPages;

/// GitHub.com's API.
pub const API_URL: &str = "https://api.github.com";

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Where the App is, and who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConfig {
    /// The App's numeric id.
    pub id: u64,
    /// The organisation that it is installed in.
    pub organisation: String,
    /// The API: [`API_URL`], or `https://<host>/api/v3` of a GitHub Enterprise Server.
    pub api_url: String,
}

/// The App's client. It does not print its key or its tokens.
pub struct App<C> {
    config: AppConfig,
    hook: Hook,
    clock: C,
    answer_within: Duration,
    state: RefCell<Option<AppClients>>,
}

/// A client that is not made yet.
type Builder = OctocrabBuilder<NoSvc, DefaultOctocrabBuilderConfig, NoAuth, NotLayerReady>;

/// What follows from the private key.
struct AppClients {
    key: SecretString,
    app: Rc<Octocrab>,
    /// The installation in the organisation, once it is found. It keeps its token, which a clone of it
    /// would not.
    installation: Option<Rc<Octocrab>>,
    groups: BTreeMap<String, RunnerGroupId>,
    /// The id of the organisation's webhook, once it is found.
    hook: Option<u64>,
    /// Pages that were read with the installation's token.
    known: KnownPages,
    /// Whether a person's token stands in the place of the installation's.
    is_a_persons: bool,
}

impl<C> fmt::Debug for App<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A private key, or an address, that is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// The key cannot be read.
    #[error(
        "the private key of the GitHub App is no RSA key in PEM: store the .pem file as GitHub gives it, not in base64 and \
         not its fingerprint, or generate another one in the App's settings"
    )]
    Key,
    /// The API's URL cannot be read.
    #[error("the URL of GitHub's API is none; leave it out for GitHub.com, or set https://<host>/api/v3")]
    Url,
}

/// A key as GitHub gives it. Some tools keep it on one line, with `\n` where a line ends
/// (github-aws-runners/terraform-aws-github-runner#1341).
fn lines_of(key: &SecretString) -> SecretString {
    key.expose_secret().replace("\\n", "\n").into()
}

impl<C: Clock> App<C> {
    /// A client without a key yet: [`App::use_key`] comes next. No answer is waited for longer than
    /// `answer_within`.
    pub fn new(config: AppConfig, clock: C, answer_within: Duration) -> Self {
        Self { config, hook: Hook::App, clock, answer_within, state: RefCell::default() }
    }

    /// The same, whose deliveries are those of this hook; else they are the App's own hook's.
    #[must_use]
    pub fn with_hook(self, hook: Hook) -> Self {
        Self { hook, ..self }
    }

    /// Uses this private key from now on. One that is in use already changes nothing.
    pub fn use_key(&self, key: &SecretString) -> Result<(), AppError> {
        let in_use = |state: &AppClients| state.key.expose_secret() == key.expose_secret();
        if self.state.borrow().as_ref().is_some_and(in_use) {
            return Ok(());
        }
        let builder = self.builder()?.app_from_rsa_pem(AppId(self.config.id), lines_of(key).expose_secret());
        let app = builder.map_err(|_| AppError::Key)?.build().map_err(|_| AppError::Key)?;
        let app = Rc::new(app);
        let state = AppClients {
            key: key.clone(),
            app,
            installation: None,
            groups: BTreeMap::new(),
            hook: None,
            known: KnownPages::default(),
            is_a_persons: false,
        };
        *self.state.borrow_mut() = Some(state);
        Ok(())
    }

    /// Uses a person's token from now on, in the place of the App's installation: for calls that only read.
    pub fn use_token(&self, token: &SecretString) -> Result<(), AppError> {
        let client = self.builder()?.personal_token(token.clone()).build().map_err(|_| AppError::Url)?;
        let client = Rc::new(client);
        let state = AppClients {
            key: token.clone(),
            app: Rc::clone(&client),
            installation: Some(client),
            groups: BTreeMap::new(),
            hook: None,
            known: KnownPages::default(),
            is_a_persons: true,
        };
        *self.state.borrow_mut() = Some(state);
        Ok(())
    }

    fn builder(&self) -> Result<Builder, AppError> {
        let builder =
            Octocrab::builder().base_uri(self.config.api_url.as_str()).map_err(|_| AppError::Url)?;
        Ok(builder
            .set_connect_timeout(Some(CONNECT))
            .set_read_timeout(Some(self.answer_within))
            .set_write_timeout(Some(self.answer_within)))
    }

    /// Finds the installation and gets a first token, so that the first event finds both, and the
    /// connection, ready.
    pub async fn warm_up(&self) -> Result<(), GithubError> {
        let installation = self.installation().await?;
        let token = tokio::time::timeout(self.answer_within, installation.installation_token()).await;
        token.map_err(|_| failure::no_answer())?.map(drop).map_err(|error| failure::of_client(&error))
    }

    /// The client of the App itself.
    fn app(&self) -> Result<Rc<Octocrab>, GithubError> {
        let state = self.state.borrow();
        let state =
            state.as_ref().ok_or_else(|| GithubError::Refused("the App has no private key".to_owned()))?;
        Ok(Rc::clone(&state.app))
    }

    /// The client of the App's installation in the organisation.
    async fn installation(&self) -> Result<Rc<Octocrab>, GithubError> {
        #[derive(Deserialize)]
        struct Installation {
            id: InstallationId,
        }
        if let Some(found) = self.state.borrow().as_ref().and_then(|state| state.installation.clone()) {
            return Ok(found);
        }
        let app = self.app()?;
        let path = format!("/orgs/{}/installation", self.config.organisation);
        let found: Installation = self.get(&app, &path).await.map_err(|error| match error {
            GithubError::NotFound(_) => GithubError::NotFound(format!(
                "the App {} is not installed in {}; install it there",
                self.config.id, self.config.organisation
            )),
            other => other,
        })?;
        let installation = app.installation(found.id).map_err(|error| failure::of_client(&error))?;
        let installation = Rc::new(installation);
        if let Some(state) = self.state.borrow_mut().as_mut() {
            state.installation = Some(Rc::clone(&installation));
        }
        Ok(installation)
    }

    /// The installation may be another one by now, and the groups, the hook and what was read with it: all
    /// are looked up again.
    fn forget_installation(&self) {
        if let Some(state) = self.state.borrow_mut().as_mut().filter(|state| !state.is_a_persons) {
            state.installation = None;
            state.groups.clear();
            state.hook = None;
            state.known = KnownPages::default();
        }
    }

    /// A path of the organisation.
    fn organisation(&self, rest: &str) -> String {
        format!("/orgs/{}/{rest}", self.config.organisation)
    }
}
