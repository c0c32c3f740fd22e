//! Labels: the words of `runs-on`, compared without case.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::quote;

/// Most labels that GitHub lets a runner carry (REST: generate-jitconfig).
pub const LABEL_LIMIT: usize = 100;

/// Longest label that GitHub takes, in characters.
pub const LABEL_LENGTH_LIMIT: usize = 256;

/// One label, in lower case.
///
/// GitHub: labels are case-insensitive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// Takes a label as written, without the spaces around it and without its case.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// The label in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

/// Quoted.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote::quoted(&self.0))
    }
}

/// A set of labels: what a job asks for, or what a runner carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeSet<Label>);

impl Labels {
    /// Whether a runner that carries `self` may take a job that asks for `asked`.
    ///
    /// GitHub: a runner must have all of the job's labels; more do no harm.
    pub fn serve(&self, asked: &Self) -> bool {
        asked.0.is_subset(&self.0)
    }

    /// The labels of `asked` that are not among these, in alphabetical order.
    pub fn lacking<'a>(&'a self, asked: &'a Self) -> impl Iterator<Item = &'a Label> {
        asked.0.difference(&self.0)
    }

    /// Whether the word is among them.
    pub fn contains(&self, label: &Label) -> bool {
        self.0.contains(label)
    }

    /// Adds one.
    pub fn insert(&mut self, label: Label) {
        self.0.insert(label);
    }

    /// All of them, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Label> {
        self.0.iter()
    }

    /// As many of them as a runner may carry, and none that is longer than a runner's may be: what is kept of
    /// a job that no pool serves, so that it fits into a message whatever it asks for.
    #[must_use]
    pub fn within_limits(&self) -> Self {
        let fits = |label: &&Label| label.0.chars().count() <= LABEL_LENGTH_LIMIT;
        Self(self.0.iter().filter(fits).take(LABEL_LIMIT).cloned().collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none, as in a bare `runs-on: {group: …}`.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Labels {
    /// Collects labels as written; blank ones are passed over.
    fn from_iter<I: IntoIterator<Item = S>>(words: I) -> Self {
        let labels = words.into_iter().map(|word| Label::new(word.as_ref()));
        Self(labels.filter(|label| !label.0.is_empty()).collect())
    }
}

/// The first few of them, quoted.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote::list(self.0.iter().map(Label::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_order_do_not_matter() {
        let a: Labels = ["Self-Hosted", " linux ", "ARM64"].into_iter().collect();
        let b: Labels = ["arm64", "self-hosted", "Linux", ""].into_iter().collect();
        assert_eq!(a, b);
        assert_eq!(a.to_string(), r#""arm64", "linux", "self-hosted""#);
    }

    #[test]
    fn of_labels_without_end_as_many_are_kept_as_a_runner_could_carry() {
        let many: Labels = (0..1000).map(|it| format!("l{it}")).chain(["x".repeat(300)]).collect();
        assert_eq!(many.within_limits().len(), LABEL_LIMIT);
        let long: Labels = ["x".repeat(256), "y".repeat(257)].into_iter().collect();
        assert_eq!(long.within_limits(), ["x".repeat(256)].into_iter().collect());
    }

    #[test]
    fn a_runner_serves_a_job_when_it_has_all_of_its_labels() {
        let runner: Labels = ["linux", "x64", "docker"].into_iter().collect();
        for (asked, serves) in [
            (vec!["linux"], true),
            (vec!["X64", "Docker"], true),
            (vec![], true),
            (vec!["linux", "gpu"], false),
        ] {
            let asked: Labels = asked.into_iter().collect();
            assert_eq!(runner.serve(&asked), serves, "{asked}");
        }
    }
}
