//! Lists of ARNs by pages.

use serde::Deserialize;

use super::Refusal;

/// Most ARNs on a page, which is also the default.
const PAGE: usize = 100;

/// What a list request says of its page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageRequest {
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    max_results: Option<usize>,
}

impl PageRequest {
    /// The ARNs of the page, and the token of the next one, where there is one.
    pub(super) fn of<T>(&self, all: Vec<T>) -> Result<(Vec<T>, Option<String>), Refusal> {
        let size = self.max_results.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&size) {
            return Err(Refusal::invalid("maxResults is from 1 to 100."));
        }
        let begin = match &self.next_token {
            None => 0,
            Some(token) => token.parse().map_err(|_| Refusal::invalid("Invalid token."))?,
        };
        let end = size.saturating_add(begin);
        let next = (end < all.len()).then(|| end.to_string());
        Ok((all.into_iter().skip(begin).take(size).collect(), next))
    }
}
