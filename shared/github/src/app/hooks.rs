//! The deliveries of a hook, and their redelivery.

use std::rc::Rc;

use fleet::DeliveryId;
use fleet::ports::{Clock, GithubError};
use http::header::LINK;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use octocrab::Octocrab;
use serde::Deserialize;

use super::App;

/// Whose hook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// The App's own.
    App,
    /// The organisation's, by its id.
    Organisation(u64),
}

/// One delivery, as the list of them describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HookDelivery {
    /// The id of this attempt.
    pub id: i64,
    /// The GUID, which a redelivery keeps.
    pub guid: DeliveryId,
    /// When it was attempted.
    pub delivered_at: Timestamp,
    /// Whether it is a redelivery.
    pub redelivery: bool,
    /// The status that was answered; 0 where nothing was.
    pub status_code: u16,
    /// The event's name.
    pub event: String,
}

/// A page of deliveries, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookPage {
    /// The deliveries.
    pub deliveries: Vec<HookDelivery>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl<C: Clock> App<C> {
    /// A page of a hook's deliveries, from the cursor of the page before it on.
    pub async fn deliveries(&self, hook: Hook, cursor: Option<&str>) -> Result<HookPage, GithubError> {
        let (client, path) = self.hook(hook).await?;
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("{path}/deliveries?per_page=100{from}");
        let answer = self.call(&client, &Method::GET, &path, None::<&()>).await?;
        Ok(HookPage { deliveries: answer.json()?, next: next_cursor(&answer.headers) })
    }

    /// Asks GitHub to deliver once more.
    pub async fn redeliver(&self, hook: Hook, delivery: i64) -> Result<(), GithubError> {
        let (client, path) = self.hook(hook).await?;
        let path = format!("{path}/deliveries/{delivery}/attempts");
        self.call(&client, &Method::POST, &path, None::<&()>).await.map(drop)
    }

    async fn hook(&self, hook: Hook) -> Result<(Rc<Octocrab>, String), GithubError> {
        match hook {
            Hook::App => Ok((self.app()?, "/app/hook".to_owned())),
            Hook::Organisation(id) => {
                Ok((self.installation().await?, self.organisation(&format!("hooks/{id}"))))
            }
        }
    }
}

/// The cursor in the link to the next page.
fn next_cursor(headers: &HeaderMap) -> Option<String> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let (_, from) = next.split_once("cursor=")?;
    Some(from.chars().take_while(|&c| !matches!(c, '&' | '>')).collect())
}
