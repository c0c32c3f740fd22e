//! The job that a person means: the URL of its page, or its number.

use anyhow::{Result, bail};
use fleet::{JobId, Repository};

/// A job, with its repository if the reference names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The job.
    pub job: JobId,
    /// Its repository.
    pub repository: Option<Repository>,
}

/// What to give. The message does not repeat what was given, because a URL may contain a token.
const WANTED: &str = "give the job's number, or the URL of its page: https://github.com/OWNER/REPOSITORY/actions/runs/RUN/job/NUMBER";

impl Reference {
    /// Reads a reference: a number, or the URL of a job's page at GitHub or of the job in its API.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Ok(Self { job: JobId(number), repository: None });
        }
        let Some((_, rest)) = text.split_once("://") else { bail!("that is not a job: {WANTED}") };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).skip(1).collect();
        // https://api.github.com/repos/…, https://HOST/api/v3/repos/…
        if let Some(at) = parts.iter().position(|part| *part == "repos") {
            parts.drain(..=at);
        }
        match parts.as_slice() {
            [owner, name, "actions", "runs", _, "job" | "jobs", job, ..]
            | [owner, name, "actions", "jobs", job, ..] => {
                let Ok(job) = job.parse() else { bail!("that URL has no job's number in it: {WANTED}") };
                Ok(Self { job: JobId(job), repository: Some(Repository::new(format!("{owner}/{name}"))) })
            }
            [_, _, "actions", "runs", ..] => {
                bail!(
                    "that URL is of a run, which has several jobs: open one of them, and take the URL of its page"
                )
            }
            _ => bail!("that URL is of no job: {WANTED}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_its_number_or_a_url() {
        let number = JobId(9_007_199_254_740_993);
        let repository = Some(Repository::new("octo-org/storefront"));
        for (text, repository) in [
            ("9007199254740993", None),
            (" 9007199254740993\n", None),
            (
                "https://github.com/octo-org/storefront/actions/runs/12/job/9007199254740993",
                repository.clone(),
            ),
            (
                "https://github.com/octo-org/storefront/actions/runs/12/job/9007199254740993?pr=4#step:3:1",
                repository.clone(),
            ),
            (
                "https://github.com/octo-org/storefront/actions/runs/12/jobs/9007199254740993",
                repository.clone(),
            ),
            (
                "https://api.github.com/repos/octo-org/storefront/actions/jobs/9007199254740993",
                repository.clone(),
            ),
            (
                "https://ghe.example/api/v3/repos/octo-org/storefront/actions/jobs/9007199254740993",
                repository.clone(),
            ),
            (
                "https://user:t0k3n@github.com/octo-org/storefront/actions/runs/1/job/9007199254740993",
                repository.clone(),
            ),
        ] {
            assert_eq!(Reference::parse(text).unwrap(), Reference { job: number, repository }, "{text}");
        }
    }

    #[test]
    fn a_wrong_reference_is_explained_without_being_repeated() {
        for (text, says) in [
            ("", "that is not a job"),
            ("build", "that is not a job"),
            ("https://t0k3n@github.com/octo-org/storefront/actions/runs/12", "is of a run"),
            ("https://t0k3n@github.com/octo-org/storefront/actions/runs/12/job/t0k3n", "no job's number"),
            ("https://t0k3n@github.com/octo-org/storefront?token=t0k3n", "is of no job"),
        ] {
            let problem = Reference::parse(text).unwrap_err().to_string();
            assert!(problem.contains(says) && !problem.contains("t0k3n"), "{text}: {problem}");
        }
    }
}
