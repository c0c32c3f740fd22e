//! Pages that were read before, and are asked for only if they have changed.
//!
//! GitHub answers 304 to a request with the `ETag` of what it would answer, and does not count it (its
//! documentation, "Best practices for using the REST API", "Use conditional requests if appropriate"). An
//! `ETag` is good for the token that it was given to, so that all are forgotten with it. octocrab's own cache
//! keeps whole bodies, without a bound and for all tokens, and its answers do not say what they cost.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use fleet::ports::{Clock, GithubError, Priced};
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use http::{Method, StatusCode};
use octocrab::Octocrab;
use secrecy::{ExposeSecret as _, SecretString};

use super::call::{ReadResponse, linked};
use super::{App, failure};

/// Pages that are kept at once: those of 300 repositories, with several runs each. What is kept of a page is
/// a list of a hundred small things at most.
const ROOM: usize = 2000;

/// Pages of a list that are followed (GitHub: "1,000 results for each search").
const PAGES: u32 = 10;

/// The pages that are known.
#[derive(Default)]
pub(super) struct KnownPages {
    token: Option<SecretString>,
    pages: BTreeMap<String, KnownPage>,
    /// How often any of them was asked for.
    asked: u64,
}

#[derive(Clone)]
struct KnownPage {
    etag: HeaderValue,
    page: Rc<dyn Any>,
    asked: u64,
}

/// A page of a list.
struct Page<T> {
    entries: Vec<T>,
    /// The parameter `page` of the next one, if there is one.
    next: Option<String>,
}

impl KnownPages {
    /// A page with its `ETag`, if that was given to this token. A caller keeps the page until its answer
    /// arrives: others may ask meanwhile, with a newer token.
    fn page(&mut self, path: &str, token: &SecretString) -> Option<(HeaderValue, Rc<dyn Any>)> {
        let is_same = self.token.as_ref().is_some_and(|known| known.expose_secret() == token.expose_secret());
        if !is_same {
            self.pages.clear();
            self.token = Some(token.clone());
        }
        self.asked += 1;
        let page = self.pages.get_mut(path)?;
        page.asked = self.asked;
        Some((page.etag.clone(), Rc::clone(&page.page)))
    }

    /// Keeps a page, and lets the one go that was not asked for the longest where there is no room.
    fn keep<T: 'static>(&mut self, path: String, etag: HeaderValue, page: Rc<Page<T>>) {
        self.pages.insert(path, KnownPage { etag, page, asked: self.asked });
        if self.pages.len() > ROOM {
            let oldest = self.pages.iter().min_by_key(|(_, page)| page.asked).map(|(path, _)| path.clone());
            oldest.and_then(|path| self.pages.remove(&path));
        }
    }
}

impl<C: Clock> App<C> {
    /// Every page of a list, and what that took of the hour's calls. `entries` reads one.
    pub(super) async fn list<T: Clone + 'static>(
        &self,
        installation: &Octocrab,
        path: &str,
        entries: impl Fn(&ReadResponse) -> Result<Vec<T>, GithubError>,
    ) -> Result<Priced<Vec<T>>, GithubError> {
        let all = async {
            let mut listed = Priced { read: Vec::new(), calls: 0 };
            let mut next: Option<String> = None;
            for _ in 0..PAGES {
                let page = next.as_ref().map(|page| format!("&page={page}")).unwrap_or_default();
                let path = format!("{path}{page}");
                let Priced { read: page, calls } = self.page(installation, path, &entries).await?;
                listed.read.extend_from_slice(&page.entries);
                listed.calls += calls;
                next.clone_from(&page.next);
                if next.is_none() {
                    break;
                }
            }
            Ok(listed)
        };
        // However many pages it has, and each with its own limit.
        let in_time = tokio::time::timeout(self.answer_within * 2, all).await;
        in_time.map_err(|_| failure::no_answer())?
    }

    /// The first page of a list.
    pub(super) async fn first_page<T: Clone + 'static>(
        &self,
        installation: &Octocrab,
        path: &str,
        entries: impl Fn(&ReadResponse) -> Result<Vec<T>, GithubError>,
    ) -> Result<Priced<Vec<T>>, GithubError> {
        let Priced { read, calls } = self.page(installation, path.to_owned(), &entries).await?;
        Ok(Priced { read: read.entries.clone(), calls })
    }

    async fn page<T: 'static>(
        &self,
        installation: &Octocrab,
        path: String,
        entries: &impl Fn(&ReadResponse) -> Result<Vec<T>, GithubError>,
    ) -> Result<Priced<Rc<Page<T>>>, GithubError> {
        let token = tokio::time::timeout(self.answer_within, installation.installation_token()).await;
        let token = token.map_err(|_| failure::no_answer())?.map_err(|error| failure::of_client(&error))?;
        let known = self.with_known(|known| known.page(&path, &token)).flatten();
        let (etag, known) = known.unzip();
        let headers = etag.map(|etag| (IF_NONE_MATCH, etag));
        let answer = self.call_with(installation, &Method::GET, &path, None::<&()>, headers).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            let page = known.and_then(|page| page.downcast().ok());
            let page = page.ok_or_else(|| {
                GithubError::Unavailable("304 to a page that was not asked for by its ETag".to_owned())
            })?;
            return Ok(Priced { read: page, calls: 0 });
        }
        let page = Rc::new(Page { entries: entries(&answer)?, next: linked(&answer.headers, "page") });
        if let Some(etag) = answer.headers.get(ETAG) {
            self.with_known(|known| known.keep(path, etag.clone(), Rc::clone(&page)));
        }
        Ok(Priced { read: page, calls: 1 })
    }

    fn with_known<T>(&self, act: impl FnOnce(&mut KnownPages) -> T) -> Option<T> {
        self.state.borrow_mut().as_mut().map(|state| act(&mut state.known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_was_not_asked_for_the_longest_makes_room() {
        let (token, etag) = (SecretString::from("one"), HeaderValue::from_static("\"e\""));
        let mut known = KnownPages::default();
        for number in 0..=ROOM {
            known.page("/0", &token);
            let page = Rc::new(Page { entries: vec![number], next: None });
            known.keep(format!("/{number}"), etag.clone(), page);
        }
        assert_eq!(known.pages.len(), ROOM);
        assert!(known.page("/0", &token).is_some(), "it is asked for again and again");
        assert!(known.page("/1", &token).is_none());
        assert_eq!(known.page("/2", &token).map(|(etag, _)| etag), Some(etag));
        let another = known.page("/2", &SecretString::from("another"));
        assert!(another.is_none() && known.pages.is_empty(), "another token");
    }
}
