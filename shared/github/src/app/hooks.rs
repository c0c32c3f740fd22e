//! The deliveries of the webhook, and their redelivery.

use std::rc::Rc;

use fleet::delivery::{AttemptId, AttemptPage};
use fleet::ports::{Clock, GithubError, ListDeliveries, Redeliver};
use http::Method;
use octocrab::Octocrab;
use serde::Deserialize;

use super::App;
use super::call::{Entries, linked};

/// Hooks a page.
const PAGE: usize = 100;

/// Whose webhook it is that Mayfly listens to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Hook {
    /// The App's own.
    #[default]
    App,
    /// The organisation's that posts to this URL. The App needs the organisation permission "Webhooks:
    /// write" for it.
    Organisation(String),
}

#[derive(Deserialize)]
struct OrganisationHook {
    id: u64,
    config: HookConfig,
}

#[derive(Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
}

impl<C: Clock> ListDeliveries for App<C> {
    async fn list_deliveries(&self, cursor: Option<&str>) -> Result<AttemptPage, GithubError> {
        let (client, path) = self.hook().await?;
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("{path}/deliveries?per_page=100{from}");
        let answer = self.call(&client, &Method::GET, &path, None::<&()>).await;
        let answer = answer.inspect_err(|error| self.hook_may_be_another(error))?;
        let Entries { read: attempts, unreadable } = answer.json()?;
        Ok(AttemptPage { attempts, unreadable, next: linked(&answer.headers, "cursor") })
    }
}

impl<C: Clock> Redeliver for App<C> {
    async fn redeliver(&self, attempt: AttemptId) -> Result<(), GithubError> {
        let (client, path) = self.hook().await?;
        let path = format!("{path}/deliveries/{attempt}/attempts");
        self.call(&client, &Method::POST, &path, None::<&()>).await.map(drop)
    }
}

impl<C: Clock> App<C> {
    /// Whose client asks for the hook's deliveries, and the hook's path.
    async fn hook(&self) -> Result<(Rc<Octocrab>, String), GithubError> {
        match &self.hook {
            Hook::App => Ok((self.app()?, "/app/hook".to_owned())),
            Hook::Organisation(url) => {
                let installation = self.installation().await?;
                let id = self.hook_at(&installation, url).await?;
                Ok((installation, self.organisation(&format!("hooks/{id}"))))
            }
        }
    }

    /// The id of the organisation's hook that posts to this URL. It is looked for once.
    async fn hook_at(&self, installation: &Octocrab, url: &str) -> Result<u64, GithubError> {
        if let Some(known) = self.state.borrow().as_ref().and_then(|state| state.hook) {
            return Ok(known);
        }
        for page in 1_u32.. {
            let path = self.organisation(&format!("hooks?per_page={PAGE}&page={page}"));
            let hooks: Entries<OrganisationHook> =
                self.get(installation, &path).await.map_err(|error| may_not_list(error, url))?;
            if let Some(found) = hooks.read.iter().find(|hook| is_same(&hook.config.url, url)) {
                if let Some(state) = self.state.borrow_mut().as_mut() {
                    state.hook = Some(found.id);
                }
                return Ok(found.id);
            }
            if hooks.read.len() + hooks.unreadable < PAGE {
                break;
            }
        }
        Err(GithubError::NotFound(format!(
            "{} has no webhook that posts to {url}; add it, or deploy with HookKind app if the hook is the App's",
            self.config.organisation
        )))
    }

    /// The organisation's known hook may have been deleted and created again.
    fn hook_may_be_another(&self, error: &GithubError) {
        if matches!(error, GithubError::NotFound(_))
            && let Some(state) = self.state.borrow_mut().as_mut()
        {
            state.hook = None;
        }
    }
}

/// Whether two URLs are the same, but for a slash at their end.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn may_not_list(error: GithubError, url: &str) -> GithubError {
    let what_to_do = |why: &str| {
        format!(
            "{why}; the App may not list the organisation's webhooks, to find the one that posts to {url}: \
             give it the organisation permission \"Webhooks: write\""
        )
    };
    match error {
        GithubError::Refused(why) => GithubError::Refused(what_to_do(&why)),
        GithubError::NotFound(why) => GithubError::NotFound(what_to_do(&why)),
        other => other,
    }
}
