//! The ports that are calls of GitHub about webhook deliveries.

use fleet::delivery::{AttemptId, AttemptPage};
use fleet::ports::{GithubError, ListDeliveries, Redeliver};

use crate::github::{LARGEST_PAGE, RedeliverError};
use crate::{Operation, Sandbox};

impl ListDeliveries for Sandbox {
    async fn list_deliveries(&self, cursor: Option<&str>) -> Result<AttemptPage, GithubError> {
        self.call_github(Operation::ListDeliveries, || {
            let page = self.github().borrow().attempts(cursor, LARGEST_PAGE);
            page.ok_or_else(|| GithubError::Refused("422 no such cursor".to_owned()))
        })
        .await
    }
}

impl Redeliver for Sandbox {
    async fn redeliver(&self, attempt: AttemptId) -> Result<(), GithubError> {
        self.call_github(Operation::Redeliver, || {
            let now = self.manual_clock().now();
            let mut github = self.github().borrow_mut();
            github.count_call(now);
            github.ask_again(attempt, now).map_err(|error| match error {
                RedeliverError::NotFound => GithubError::NotFound("404 Not Found".to_owned()),
                RedeliverError::TooOld => GithubError::Refused("422 Validation Failed".to_owned()),
            })
        })
        .await
    }
}
