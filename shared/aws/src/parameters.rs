//! Settings from SSM's Parameter Store.

use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use fleet::settings::{Parameters, SettingsProblems};
use futures_util::future::join_all;

use crate::error::error_text;

/// The parameters under one path.
#[derive(Debug)]
pub struct ParameterStore {
    client: Client,
    path: String,
}

impl ParameterStore {
    /// The parameters under this path, `/mayfly` say.
    pub fn new(config: &SdkConfig, path: impl Into<String>) -> Self {
        let path: String = path.into();
        Self { client: Client::new(config), path: path.trim_end_matches('/').to_owned() }
    }

    /// Reads these folders, each with `GetParametersByPath`, ten parameters a page; SecureStrings are
    /// decrypted.
    pub async fn read(&self, folders: &[&str]) -> Result<Parameters, SettingsProblems> {
        let mut parameters = Parameters::under(&self.path);
        let mut problems = SettingsProblems::default();
        let reads = folders.iter().map(|folder| self.read_folder(format!("{}/{folder}", self.path)));
        for read in join_all(reads).await {
            match read {
                Ok(found) => found.into_iter().for_each(|(name, value)| parameters.add(&name, value)),
                Err(problem) => problems.note(problem),
            }
        }
        problems.all_or(Some(parameters))
    }

    async fn read_folder(&self, path: String) -> Result<Vec<(String, String)>, String> {
        let request = self.client.get_parameters_by_path().path(&path).with_decryption(true);
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("{path}/: cannot be read: {}", error_text(&error)))?;
            let parameters = page.parameters.unwrap_or_default();
            found.extend(parameters.into_iter().filter_map(|it| Some((it.name?, it.value?))));
        }
        Ok(found)
    }
}
