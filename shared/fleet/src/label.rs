//! Labels: the words of `runs-on`, compared without case.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

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

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(Label::as_str).collect();
        write!(f, "[{}]", words.join(", "))
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
        assert_eq!(a.to_string(), "[arm64, linux, self-hosted]");
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
