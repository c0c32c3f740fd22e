//! What is wrong with the settings: all of it.

use std::fmt;

/// Everything that is wrong; one line each, with the setting's name and without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct SettingsProblems(Vec<String>);

impl SettingsProblems {
    /// One problem.
    pub fn one(problem: impl Into<String>) -> Self {
        Self(vec![problem.into()])
    }

    /// Notes one.
    pub fn note(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Gives the value if it is there and nothing is wrong.
    pub fn all_or<T>(self, value: Option<T>) -> Result<T, Self> {
        if self.0.is_empty() { value.ok_or(self) } else { Err(self) }
    }

    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for SettingsProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
