//! What `samconfig.toml` says of a deployment: where its stack is, and whose jobs it serves.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::words;

/// The names of a deployment, as far as the file has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// `stack_name`.
    pub stack: Option<String>,
    /// `region`.
    pub region: Option<String>,
    /// The parameter `Organisation`.
    pub organisation: Option<String>,
    /// The parameter `GitHubAppId`.
    pub app_id: Option<u64>,
    /// The parameter `ParametersPath`.
    pub parameters: Option<String>,
}

impl Names {
    /// Reads the file for one environment. Without a file, nothing is known.
    pub fn read(file: &Path, environment: &str) -> Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Self::of(&text, environment).with_context(|| file.display().to_string())
    }

    /// Reads the text of the file: the table `[ENVIRONMENT.global.parameters]`, as `make deploy` writes it.
    pub fn of(text: &str, environment: &str) -> Result<Self> {
        let whole: Table = words::toml(text)?;
        let within = |table: Option<&Value>, name: &str| table?.get(name).cloned();
        let of_environment = whole.get(environment).cloned();
        let global = within(of_environment.as_ref(), "global");
        let table = within(global.as_ref(), "parameters");
        let text = |name| table.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let overrides = table.as_ref().and_then(|table| table.get("parameter_overrides"));
        let parameter = |name| overrides.and_then(|overrides| parameter(overrides, name));
        Ok(Self {
            stack: text("stack_name"),
            region: text("region"),
            organisation: parameter("Organisation"),
            app_id: parameter("GitHubAppId").and_then(|id| id.parse().ok()),
            parameters: parameter("ParametersPath"),
        })
    }
}

/// A parameter, in any form that `sam` takes: a table, a text of NAME=VALUE pairs, or a list of such texts.
fn parameter(overrides: &Value, name: &str) -> Option<String> {
    match overrides {
        Value::Table(table) => match table.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        },
        Value::Array(parts) => parts.iter().find_map(|part| parameter(part, name)),
        Value::String(text) => text.split_whitespace().find_map(|word| {
            let value = word.strip_prefix(name)?.strip_prefix('=')?;
            Some(value.trim_matches('"').to_owned())
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_the_parameters_is_read() {
        for parameters in [
            "[staging.global.parameters.parameter_overrides]\nOrganisation = \"octo-org\"\nGitHubAppId = 7\n",
            "parameter_overrides = \"Organisation=octo-org GitHubAppId=\\\"7\\\"\"\n",
            "parameter_overrides = [\"Organisation=octo-org\", \"GitHubAppId=7\"]\n",
        ] {
            let text = format!(
                "[staging.global.parameters]\nstack_name = \"ci\"\nregion = \"eu-west-1\"\n{parameters}"
            );
            let expected = Names {
                stack: Some("ci".to_owned()),
                region: Some("eu-west-1".to_owned()),
                organisation: Some("octo-org".to_owned()),
                app_id: Some(7),
                parameters: None,
            };
            assert_eq!(Names::of(&text, "staging").unwrap(), expected, "{parameters}");
            assert_eq!(Names::of(&text, "default").unwrap(), Names::default());
        }
        assert!(Names::of("[", "default").is_err());
    }
}
