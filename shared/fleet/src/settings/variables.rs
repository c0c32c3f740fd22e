//! Environment variables, as a function from names to values.

use super::SettingsProblems;

/// Reads variables through a function, which is the environment in a Lambda and a table in a test.
#[derive(Debug)]
pub struct Variables<F> {
    lookup: F,
    problems: SettingsProblems,
}

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    /// Variables behind this function.
    pub fn new(lookup: F) -> Self {
        Self { lookup, problems: SettingsProblems::default() }
    }

    /// A variable that has to be set. One that is not is a problem, and empty here.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.note(format!("{name}: is not set; the template sets it on the function"));
            String::new()
        })
    }

    /// A variable that has to be set to a whole number. One that is not is a problem, and 0 here.
    pub fn number(&mut self, name: &str) -> u64 {
        let text = self.required(name);
        text.trim().parse().unwrap_or_else(|_| {
            if !text.is_empty() {
                self.problems.note(format!("{name}: is not a whole number"));
            }
            0
        })
    }

    /// A variable that may be missing. An empty one is missing.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }

    /// What was wrong with those that were read.
    pub fn into_problems(self) -> SettingsProblems {
        self.problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_variable_is_told_at_once() {
        let mut variables = Variables::new(|name| match name {
            "MAYFLY_TABLE" => Some("ledger".to_owned()),
            "MAYFLY_QUEUE_URL" => Some("  ".to_owned()),
            _ => None,
        });
        assert_eq!(variables.required("MAYFLY_TABLE"), "ledger");
        assert_eq!(variables.required("MAYFLY_QUEUE_URL"), "", "an empty one is missing");
        variables.required("MAYFLY_PARAMETERS");
        assert_eq!(variables.number("MAYFLY_TABLE"), 0, "it is not a number");
        assert_eq!(variables.optional("MAYFLY_OTHER"), None);
        let problems = variables.into_problems().to_string();
        let lines: Vec<&str> = problems.lines().collect();
        assert_eq!(lines.len(), 3, "{problems}");
        assert!(lines[..2].iter().all(|line| line.contains("is not set")), "{problems}");
        assert_eq!(lines[2], "MAYFLY_TABLE: is not a whole number");
    }
}
