//! Runner groups, by name.

use fleet::ports::{Clock, FindRunnerGroup, GithubError, RunnerGroupId};
use http::Method;
use octocrab::Octocrab;
use serde::Deserialize;
use serde_json::json;

use super::App;

/// Groups a page.
const PAGE: usize = 100;

#[derive(Deserialize)]
struct RunnerGroupsPage {
    runner_groups: Vec<DescribedGroup>,
}

#[derive(Deserialize)]
struct DescribedGroup {
    id: u64,
    name: String,
}

impl<C: Clock> FindRunnerGroup for App<C> {
    /// What was found once is not looked for again while the process lives. A group that is made is
    /// open to all private repositories of the organisation, which is GitHub's default.
    async fn find_runner_group(&self, name: &str) -> Result<RunnerGroupId, GithubError> {
        if let Some(&known) = self.state.borrow().as_ref().and_then(|state| state.groups.get(name)) {
            return Ok(known);
        }
        let installation = self.installation().await?;
        let id = match self.listed(&installation, name).await? {
            Some(id) => id,
            None => match self.make(&installation, name).await {
                // Somebody else was faster.
                Err(GithubError::Conflict) => {
                    self.listed(&installation, name).await?.ok_or(GithubError::Conflict)?
                }
                made => made?,
            },
        };
        if let Some(state) = self.state.borrow_mut().as_mut() {
            state.groups.insert(name.to_owned(), id);
        }
        Ok(id)
    }
}

impl<C: Clock> App<C> {
    async fn listed(
        &self,
        installation: &Octocrab,
        name: &str,
    ) -> Result<Option<RunnerGroupId>, GithubError> {
        for page in 1_u32.. {
            let path = self.organisation(&format!("actions/runner-groups?per_page={PAGE}&page={page}"));
            let RunnerGroupsPage { runner_groups } = self.get(installation, &path).await?;
            if let Some(group) = runner_groups.iter().find(|group| group.name.eq_ignore_ascii_case(name)) {
                return Ok(Some(RunnerGroupId(group.id)));
            }
            if runner_groups.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    async fn make(&self, installation: &Octocrab, name: &str) -> Result<RunnerGroupId, GithubError> {
        let path = self.organisation("actions/runner-groups");
        let made = self.call(installation, &Method::POST, &path, Some(&json!({ "name": name }))).await;
        let made: DescribedGroup = made.map_err(|error| may_not(error, name))?.json()?;
        Ok(RunnerGroupId(made.id))
    }
}

fn may_not(error: GithubError, name: &str) -> GithubError {
    match error {
        GithubError::Refused(why) => GithubError::Refused(format!(
            "there is no runner group {name} and the App may not make it ({why}); make the group, or give \
             the App the organisation permission \"Self-hosted runners: write\""
        )),
        other => other,
    }
}
