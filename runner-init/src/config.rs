//! PID 1's configuration, from its environment.

use std::path::PathBuf;
use std::time::Duration;

use fleet::launch::{REGISTRAR_URL_VARIABLE, TICKET_VARIABLE};
use fleet::pid1::{LONGEST_JOB, Timings};
use fleet::settings::{SettingsProblems, Variables};
use jiff::civil::Date;
use secrecy::SecretString;
use ureq::http::Uri;

use crate::tool_cache::ToolCacheSource;

/// The variables of PID 1's environment that it passes on to the runner program, and so to each step of a job.
/// It keeps all others to itself.
pub const PASSED_ON: [&str; 21] = [
    "ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE",
    "ACTIONS_RUNNER_HOOK_JOB_COMPLETED",
    "ACTIONS_RUNNER_HOOK_JOB_STARTED",
    "AGENT_TOOLSDIRECTORY",
    "DEBIAN_FRONTEND",
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ImageOS",
    "ImageVersion",
    "LANG",
    "LC_ALL",
    "MAYFLY_CACHES",
    "NO_PROXY",
    "PATH",
    "RUNNER_TOOL_CACHE",
    "TZ",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
];

/// The hook of Mayfly's images that tells a job where its dependency cache is.
pub const CACHE_HOOK: &str = "/usr/local/lib/mayfly/job-started.sh";

/// The hook that writes into a job's summary where its time went.
pub const SUMMARY_HOOK: &str = "/usr/local/lib/mayfly/job-completed.sh";

/// All of them.
pub const HOOKS: [&str; 2] = [CACHE_HOOK, SUMMARY_HOOK];

/// The user that the runner program runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// Its user id; never 0.
    pub uid: u32,
    /// Its group id; never 0.
    pub gid: u32,
}

/// PID 1's configuration.
#[derive(Debug)]
pub struct TaskConfig {
    /// The ticket.
    pub ticket: SecretString,
    /// The registrar's URL. It ends in `/`.
    pub registrar: String,
    /// The runner program.
    pub program: PathBuf,
    /// The home of the user that it runs as.
    pub home: PathBuf,
    /// That user.
    pub user: User,
    /// The last day on which the image's runner program was known to be GitHub's newest, if the image says so.
    pub runner_current_on: Option<Date>,
    /// Docker's socket, if the pool has Docker.
    pub docker_socket: Option<PathBuf>,
    /// The folder of the tool cache.
    pub tool_cache: PathBuf,
    /// What it is restored from, if anything.
    pub tool_cache_source: Option<ToolCacheSource>,
    /// The variables that are passed on to the runner program.
    pub passed_on: Vec<(String, String)>,
    /// The waits.
    pub timings: Timings,
}

impl TaskConfig {
    /// Reads it. Every problem is reported at once, without any value.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsProblems> {
        let passed_on: Vec<(String, String)> =
            PASSED_ON.iter().filter_map(|&name| Some((name.to_owned(), lookup(name)?))).collect();
        let variables = Variables::new(lookup);
        let mut problems = SettingsProblems::default();
        let from_run_task = |name: &str, problems: &mut SettingsProblems| {
            variables.optional(name).unwrap_or_else(|| {
                problems.note(format!("{name}: is not set; the launcher sets it in the task's overrides"));
                String::new()
            })
        };
        let ticket = from_run_task(TICKET_VARIABLE, &mut problems);
        let registrar = from_run_task(REGISTRAR_URL_VARIABLE, &mut problems);
        if !registrar.is_empty() && !may_see_a_ticket(&registrar) {
            problems.note(format!("{REGISTRAR_URL_VARIABLE}: must be https://HOST/, without a user"));
        }
        let home = variables.optional("MAYFLY_RUNNER_HOME").unwrap_or_else(|| "/home/runner".to_owned());
        let program = variables.optional("MAYFLY_RUNNER_PROGRAM").unwrap_or_else(|| format!("{home}/run.sh"));
        let user = variables
            .optional("MAYFLY_RUNNER_USER")
            .map_or(Some(User { uid: 1001, gid: 1001 }), |text| user(&text));
        if user.is_none() {
            problems.note("MAYFLY_RUNNER_USER: must be <user id>:<group id>, neither of them 0");
        }
        let runner_current_on = variables.optional("MAYFLY_RUNNER_CURRENT_ON").and_then(|day| {
            let day = day.parse();
            day.map_err(|_| {
                problems.note("MAYFLY_RUNNER_CURRENT_ON: must be a day, for example 2026-11-30");
            })
            .ok()
        });
        let tool_cache =
            variables.optional("RUNNER_TOOL_CACHE").unwrap_or_else(|| "/opt/hostedtoolcache".to_owned());
        let tool_cache_source = tool_cache_source(&variables, &mut problems);
        let timings = timings(&variables, &mut problems);
        let url = if registrar.ends_with('/') { registrar } else { registrar + "/" };
        let config = user.map(|user| Self {
            ticket: ticket.into(),
            registrar: url,
            program: program.into(),
            home: home.into(),
            user,
            runner_current_on,
            docker_socket: variables.optional("MAYFLY_DOCKER_SOCKET").map(PathBuf::from),
            tool_cache: tool_cache.into(),
            tool_cache_source,
            passed_on,
            timings,
        });
        problems.all_or(config)
    }
}

/// A ticket goes over TLS, or stays on this machine. This parses a URL as `ureq` does: in
/// `http://localhost:x@host/` the host is the last one.
fn may_see_a_ticket(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default();
    let is_plain = url.authority().is_some_and(|it| !it.as_str().contains('@'));
    match url.scheme_str() {
        Some("https") => is_plain && !host.is_empty(),
        Some("http") => is_plain && ["127.0.0.1", "localhost", "[::1]"].contains(&host),
        _ => false,
    }
}

fn user(text: &str) -> Option<User> {
    let (uid, gid) = text.split_once(':')?;
    let user = User { uid: uid.parse().ok()?, gid: gid.parse().ok()? };
    (user.uid != 0 && user.gid != 0).then_some(user)
}

fn tool_cache_source<F: Fn(&str) -> Option<String>>(
    variables: &Variables<F>,
    problems: &mut SettingsProblems,
) -> Option<ToolCacheSource> {
    const ARCHIVE: &str = "MAYFLY_TOOL_CACHE_ARCHIVE";
    const DIGEST: &str = "MAYFLY_TOOL_CACHE_SHA256";
    const TREE: &str = "MAYFLY_TOOL_CACHE_TREE";
    let digest = variables.optional(DIGEST).map(|hex| {
        let digest: Option<[u8; 32]> = hex::decode(hex.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        if digest.is_none() {
            problems.note(format!("{DIGEST}: must be 64 hexadecimal digits"));
        }
        digest.unwrap_or_default()
    });
    match (variables.optional(TREE), variables.optional(ARCHIVE), digest) {
        (None, None, _) => None,
        (Some(tree), None, _) => Some(ToolCacheSource::Tree(tree.into())),
        (None, Some(place), Some(sha256)) => Some(ToolCacheSource::Archive { place, sha256 }),
        (None, Some(_), None) => {
            problems.note(format!("{DIGEST}: is not set, but {ARCHIVE} needs it"));
            None
        }
        (Some(_), Some(_), _) => {
            problems.note(format!("{TREE}: is set beside {ARCHIVE}; set one of them"));
            None
        }
    }
}

/// The longest wait that may be set, in seconds: a day; for a job, GitHub's five days.
const LONGEST: f64 = 86_400.0;

/// The waits, in seconds with or without a fraction.
fn timings<F: Fn(&str) -> Option<String>>(
    variables: &Variables<F>,
    problems: &mut SettingsProblems,
) -> Timings {
    let mut timings = Timings::default();
    for (name, wait) in [
        ("MAYFLY_DOCKER_SECONDS", &mut timings.docker),
        ("MAYFLY_TOOL_CACHE_SECONDS", &mut timings.tool_cache),
        ("MAYFLY_GIVE_UP_SECONDS", &mut timings.give_up),
        ("MAYFLY_NO_ANSWER_SECONDS", &mut timings.no_answer),
        ("MAYFLY_LISTENER_SECONDS", &mut timings.listener),
        ("MAYFLY_QUESTION_SECONDS", &mut timings.question),
        ("MAYFLY_LAST_LOOK_SECONDS", &mut timings.last_look),
        ("MAYFLY_STOP_TIMEOUT", &mut timings.stop),
        ("MAYFLY_INTERRUPT_SECONDS", &mut timings.interrupt),
        ("MAYFLY_JOB_SECONDS", &mut timings.job),
    ] {
        let most = if name == "MAYFLY_JOB_SECONDS" { LONGEST_JOB.as_secs_f64() } else { LONGEST };
        let Some(text) = variables.optional(name) else { continue };
        let seconds = text.trim().parse().ok().filter(|seconds| (0.0..=most).contains(seconds));
        match seconds.map(Duration::from_secs_f64) {
            Some(read) => *wait = read,
            None => problems.note(format!("{name}: must be seconds, from 0 to {most}")),
        }
    }
    timings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<TaskConfig, SettingsProblems> {
        let set: Vec<(String, String)> =
            set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TaskConfig::read(|name| set.iter().find(|(its, _)| its == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn what_run_task_sets_is_enough() {
        let config =
            read(&[("MAYFLY_TICKET", "t"), ("MAYFLY_REGISTRAR_URL", "https://registrar.example")]).unwrap();
        assert_eq!(config.registrar, "https://registrar.example/");
        assert_eq!(config.program, PathBuf::from("/home/runner/run.sh"));
        assert_eq!(config.user, User { uid: 1001, gid: 1001 });
        assert_eq!(config.timings, Timings::default());
        assert!(config.docker_socket.is_none() && config.tool_cache_source.is_none());
    }

    #[test]
    fn every_problem_is_reported_at_once_and_no_value() {
        let wrong = [
            ("MAYFLY_REGISTRAR_URL", "http://registrar.example/"),
            ("MAYFLY_RUNNER_USER", "0:0"),
            ("MAYFLY_QUESTION_SECONDS", "soon"),
            ("MAYFLY_TOOL_CACHE_ARCHIVE", "/cache.tar"),
        ];
        let problems = read(&wrong).unwrap_err();
        let told = problems.to_string();
        let names =
            ["MAYFLY_TICKET", "MAYFLY_REGISTRAR_URL", "MAYFLY_RUNNER_USER", "MAYFLY_TOOL_CACHE_SHA256"];
        for name in names.into_iter().chain(["MAYFLY_QUESTION_SECONDS"]) {
            assert!(problems.iter().any(|line| line.starts_with(name)), "{name}: {told}");
        }
        assert!(wrong.iter().all(|(_, value)| !told.contains(&format!(" {value}"))), "{told}");
    }

    #[test]
    fn a_ticket_goes_over_tls_or_stays_on_this_machine() {
        for (url, may, why) in [
            ("https://registrar.example/", true, "TLS"),
            ("https://registrar.example:8443/path/", true, "whatever the port"),
            ("http://127.0.0.1:8080/", true, "this machine"),
            ("http://localhost/", true, "by its name, without a port too"),
            ("http://localhost:x@registrar.example/", false, "a password of a user called localhost"),
            ("http://127.0.0.1:80@registrar.example/", false, "the same"),
            ("https://somebody:secret@registrar.example/", false, "a URL with a user"),
            ("http://localhost.registrar.example/", false, "another host"),
            ("http://registrar.example/", false, "no TLS"),
            ("https:///", false, "no host"),
            ("ftp://localhost/", false, "another scheme"),
            ("registrar.example", false, "no scheme"),
        ] {
            assert_eq!(may_see_a_ticket(url), may, "{url}: {why}");
        }
    }

    #[test]
    fn a_job_has_five_days_at_most() {
        let with = |seconds| {
            [
                ("MAYFLY_TICKET", "t"),
                ("MAYFLY_REGISTRAR_URL", "https://r.example/"),
                ("MAYFLY_JOB_SECONDS", seconds),
            ]
        };
        assert_eq!(read(&with("432000")).unwrap().timings.job, LONGEST_JOB);
        assert_eq!(read(&with("60")).unwrap().timings.job, Duration::from_mins(1));
        let told = read(&with("432001")).unwrap_err().to_string();
        assert!(told.contains("MAYFLY_JOB_SECONDS: must be seconds, from 0 to 432000"), "{told}");
    }

    #[test]
    fn a_wait_may_have_a_fraction() {
        let set = [
            ("MAYFLY_TICKET", "t"),
            ("MAYFLY_REGISTRAR_URL", "http://127.0.0.1:1/"),
            ("MAYFLY_QUESTION_SECONDS", "0.25"),
        ];
        assert_eq!(read(&set).unwrap().timings.question, Duration::from_millis(250));
    }
}
