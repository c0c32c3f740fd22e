//! Settings from SSM's Parameter Store.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::primitives::DateTime;
use aws_sdk_ssm::types::Parameter;
use fleet::settings::{Parameters, SettingsProblems};
use futures_util::future::join_all;

use crate::error::error_text;

/// The parameters under one path.
#[derive(Debug)]
pub struct ParameterStore {
    client: Client,
    path: String,
}

/// Which parameters there were, and which version of each: whoever knows the same ones has nothing to decrypt.
///
/// A parameter that was deleted and made anew begins with version 1 again, at another time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions(BTreeSet<(String, i64, Option<DateTime>)>);

impl ParameterStore {
    /// The parameters under this path, `/mayfly` say.
    pub fn new(config: &SdkConfig, path: impl Into<String>) -> Self {
        let path: String = path.into();
        Self { client: Client::new(config), path: path.trim_end_matches('/').to_owned() }
    }

    /// Reads these folders, each with `GetParametersByPath`, ten parameters a page; SecureStrings are
    /// decrypted, for which KMS bills each.
    pub async fn read(&self, folders: &[&str]) -> Result<(Parameters, Versions), SettingsProblems> {
        let found = self.folders(folders, true).await?;
        let versions = Versions::of(&found);
        let mut parameters = Parameters::under(&self.path);
        for (name, value) in found.into_iter().filter_map(|it| Some((it.name?, it.value?))) {
            parameters.add(&name, value);
        }
        Ok((parameters, versions))
    }

    /// Reads which versions these folders hold. Nothing is decrypted.
    pub async fn versions(&self, folders: &[&str]) -> Result<Versions, SettingsProblems> {
        Ok(Versions::of(&self.folders(folders, false).await?))
    }

    async fn folders(&self, folders: &[&str], decrypted: bool) -> Result<Vec<Parameter>, SettingsProblems> {
        let (mut found, mut problems) = (Vec::new(), SettingsProblems::default());
        let reads = folders.iter().map(|folder| self.folder(format!("{}/{folder}", self.path), decrypted));
        for read in join_all(reads).await {
            match read {
                Ok(parameters) => found.extend(parameters),
                Err(problem) => problems.note(problem),
            }
        }
        problems.all_or(Some(found))
    }

    async fn folder(&self, path: String, decrypted: bool) -> Result<Vec<Parameter>, String> {
        let request = self.client.get_parameters_by_path().path(&path).with_decryption(decrypted);
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| format!("{path}/: cannot be read: {}", error_text(&error)))?;
            found.extend(page.parameters.unwrap_or_default());
        }
        Ok(found)
    }
}

impl Versions {
    fn of(found: &[Parameter]) -> Self {
        let version = |it: &Parameter| Some((it.name.clone()?, it.version, it.last_modified_date));
        Self(found.iter().filter_map(version).collect())
    }
}
