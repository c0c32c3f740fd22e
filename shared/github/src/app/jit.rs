//! `generate-jitconfig`.

use fleet::GithubRunnerId;
use fleet::ports::{Clock, GenerateJitConfig, GithubError, JitConfig, JitRunner};
use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::App;

/// Where the runner program works, below its own folder.
const WORK_FOLDER: &str = "_work";

#[derive(Deserialize)]
struct Generated {
    runner: RegisteredRunner,
    encoded_jit_config: String,
}

#[derive(Deserialize)]
struct RegisteredRunner {
    id: GithubRunnerId,
}

impl<C: Clock> GenerateJitConfig for App<C> {
    async fn generate_jit_config(&self, runner: &JitRunner) -> Result<JitConfig, GithubError> {
        let installation = self.installation().await?;
        let path = self.organisation("actions/runners/generate-jitconfig");
        let labels: Vec<&str> = runner.labels.iter().map(fleet::Label::as_str).collect();
        let body = json!({
            "name": runner.name,
            "runner_group_id": runner.group.0,
            "labels": labels,
            "work_folder": WORK_FOLDER,
        });
        let answer = self.call(&installation, &Method::POST, &path, Some(&body)).await;
        if let Err(GithubError::NotFound(_)) = answer {
            // The group was deleted, or the App installed again: the next try looks both up.
            self.forget_installation();
        }
        let generated: Generated = answer?.json()?;
        Ok(JitConfig {
            runner: generated.runner.id,
            encoded: SecretString::from(generated.encoded_jit_config),
        })
    }
}
