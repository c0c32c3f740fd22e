//! Registered runners.

use fleet::GithubRunnerId;
use fleet::ports::{
    Clock, DeleteRunner, FindRunner, GithubError, ListRunners, ReadRunner, Registration, RegistrationPage,
};
use http::Method;
use serde::Deserialize;

use super::App;

#[derive(Deserialize)]
struct Listed {
    runners: Vec<DescribedRunner>,
}

#[derive(Deserialize)]
struct DescribedRunner {
    id: GithubRunnerId,
    name: String,
}

impl<C: Clock> FindRunner for App<C> {
    async fn find_runner(&self, name: &str) -> Result<Option<GithubRunnerId>, GithubError> {
        let installation = self.installation().await?;
        let path = self.organisation(&format!("actions/runners?per_page=100&name={name}"));
        let listed: Listed = self.get(&installation, &path).await?;
        // A server that does not know the parameter lists others too.
        Ok(listed.runners.into_iter().find(|runner| runner.name == name).map(|runner| runner.id))
    }
}

#[derive(Deserialize)]
struct RunnersPage {
    total_count: usize,
    runners: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    id: GithubRunnerId,
    name: String,
    status: String,
    busy: bool,
}

impl From<Described> for Registration {
    fn from(described: Described) -> Self {
        let Described { id, name, status, busy } = described;
        Self { id, name, is_online: status == "online", is_busy: busy }
    }
}

impl<C: Clock> ListRunners for App<C> {
    async fn list_runners(&self, page: u32) -> Result<RegistrationPage, GithubError> {
        let installation = self.installation().await?;
        let path = self.organisation(&format!("actions/runners?per_page=100&page={page}"));
        let listed: RunnersPage = self.get(&installation, &path).await?;
        let registrations = listed.runners.into_iter().map(Registration::from).collect();
        Ok(RegistrationPage { registrations, total: listed.total_count })
    }
}

impl<C: Clock> DeleteRunner for App<C> {
    async fn delete_runner(&self, runner: GithubRunnerId) -> Result<(), GithubError> {
        let installation = self.installation().await?;
        let path = self.organisation(&format!("actions/runners/{runner}"));
        match self.call(&installation, &Method::DELETE, &path, None::<&()>).await {
            Ok(_) | Err(GithubError::NotFound(_)) => Ok(()),
            // GitHub: "422 if the runner is busy".
            Err(GithubError::Refused(why)) if why.starts_with("422") => Err(GithubError::Busy),
            Err(error) => Err(error),
        }
    }
}

impl<C: Clock> ReadRunner for App<C> {
    async fn read_runner(&self, runner: GithubRunnerId) -> Result<Option<Registration>, GithubError> {
        let installation = self.installation().await?;
        let path = self.organisation(&format!("actions/runners/{runner}"));
        match self.get::<Described>(&installation, &path).await {
            Ok(described) => Ok(Some(described.into())),
            Err(GithubError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
