//! Parameters under one path: the secrets.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::SettingsProblems;

/// The folders under the path, each of which a function is allowed to read or not.
pub mod folder {
    /// The webhook secrets that are valid now, under any names: one, or two during a rotation.
    pub const WEBHOOK_SECRETS: &str = "webhook-secrets";
    /// The ticket keys that are valid now. The one whose name sorts last, 10 after 9, issues new tickets.
    pub const TICKET_KEYS: &str = "ticket-keys";
    /// The private keys of the GitHub App, in PEM. The one whose name sorts last, 10 after 9, is in use.
    pub const GITHUB_APP_KEYS: &str = "github-app-keys";
}

/// Settings that are made of parameters, and of what stays the same while the function lives.
pub trait FromParameters: Sized {
    /// What stays the same: it is deployed with the function.
    type Deployed: std::fmt::Debug;

    /// The folders that have to be read for them.
    const FOLDERS: &'static [&'static str];

    /// Makes them.
    fn from_parameters(deployed: &Self::Deployed, parameters: &Parameters) -> Result<Self, SettingsProblems>;
}

/// Parameters, by `folder/name`. All values are kept as secrets, whichever of them are.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    path: String,
    values: BTreeMap<String, SecretString>,
}

impl Parameters {
    /// No parameters yet, under this path.
    pub fn under(path: &str) -> Self {
        Self { path: path.trim_end_matches('/').to_owned(), values: BTreeMap::new() }
    }

    /// Adds one by its full name. One that does not lie under the path is left out.
    pub fn add(&mut self, full_name: &str, value: impl Into<SecretString>) {
        if let Some(name) = full_name.strip_prefix(&self.path).and_then(|name| name.strip_prefix('/')) {
            self.values.insert(name.to_owned(), value.into());
        }
    }

    /// The secrets of a folder, in the order of their names, 10 after 9; at least one. A blank one counts only
    /// where there is no other: it has to be no secret, and stop nothing ([`Parameters::blanks`]).
    pub fn secrets(&self, folder: &str, problems: &mut SettingsProblems) -> Vec<SecretString> {
        let mut named: Vec<_> = self.folder(folder).collect();
        named.sort_by(|(one, _), (other, _)| alphanumeric_sort::compare_str(one, other));
        let secrets: Vec<SecretString> = named
            .iter()
            .map(|(_, value)| secret(value))
            .filter(|it| !it.is_empty())
            .map(Into::into)
            .collect();
        if named.is_empty() {
            problems.note(format!(
                "{}/{folder}/: holds no parameter; put a SecureString there, under any name",
                self.path
            ));
        } else if secrets.is_empty() {
            for (name, _) in named {
                problems.note(self.blank(&format!("{folder}/{name}")));
            }
        }
        secrets
    }

    /// What is wrong with each blank parameter.
    pub fn blanks(&self) -> impl Iterator<Item = String> {
        let blanks = self.values.iter().filter(|(_, value)| secret(value).is_empty());
        blanks.map(|(name, _)| self.blank(name))
    }

    fn blank(&self, name: &str) -> String {
        format!("{}/{name}: is empty; put the secret there, or delete the parameter", self.path)
    }

    fn folder<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a SecretString)> {
        let prefix = format!("{folder}/");
        self.values.iter().filter_map(move |(name, value)| Some((name.strip_prefix(&prefix)?, value)))
    }
}

/// White space around a secret is not a part of it, nor is the byte order mark that some editors put before a text.
fn secret(value: &SecretString) -> &str {
    value.expose_secret().trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(values: &[(&str, &str)]) -> Parameters {
        let mut parameters = Parameters::under("/mayfly/");
        for &(name, value) in values {
            parameters.add(name, value);
        }
        parameters
    }

    #[test]
    fn secrets_come_in_the_order_of_their_names_without_white_space() {
        let parameters = parameters(&[
            ("/mayfly/webhook-secrets/10", "\u{feff}new\r\n"),
            ("/mayfly/webhook-secrets/9", "old"),
            ("/elsewhere/webhook-secrets/c", "not ours"),
        ]);
        let mut problems = SettingsProblems::default();
        let secrets = parameters.secrets(folder::WEBHOOK_SECRETS, &mut problems);
        let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!((secrets, problems.iter().count()), (vec!["old", "new"], 0));
    }

    #[test]
    fn whatever_is_wrong_is_told_by_name_and_without_its_value() {
        let parameters = parameters(&[
            ("/mayfly/ticket-keys/1", " "),
            ("/mayfly/ticket-keys/2", "\u{feff}\n"),
            ("/mayfly/github-app-keys/1", "hunter2"),
        ]);
        let mut problems = SettingsProblems::default();
        for folder in [folder::TICKET_KEYS, folder::GITHUB_APP_KEYS, folder::WEBHOOK_SECRETS] {
            parameters.secrets(folder, &mut problems);
        }
        let way_out = "put the secret there, or delete the parameter";
        let expected = [
            format!("/mayfly/ticket-keys/1: is empty; {way_out}"),
            format!("/mayfly/ticket-keys/2: is empty; {way_out}"),
            "/mayfly/webhook-secrets/: holds no parameter; put a SecureString there, under any name"
                .to_owned(),
        ];
        assert_eq!(problems.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_blank_parameter_beside_a_good_one_stops_nothing_and_is_told() {
        let parameters = parameters(&[("/mayfly/ticket-keys/1", "good"), ("/mayfly/ticket-keys/2", " \n")]);
        let mut problems = SettingsProblems::default();
        let secrets = parameters.secrets(folder::TICKET_KEYS, &mut problems);
        assert_eq!(secrets.iter().map(ExposeSecret::expose_secret).collect::<Vec<_>>(), ["good"]);
        assert_eq!(problems, SettingsProblems::default());
        let told: Vec<_> = parameters.blanks().collect();
        assert_eq!(told, ["/mayfly/ticket-keys/2: is empty; put the secret there, or delete the parameter"]);
    }
}
