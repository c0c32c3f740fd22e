//! Which runtimes are worth publishing: what jobs have installed themselves, by the last lines of PID 1.

use std::collections::{BTreeMap, BTreeSet};

use fleet::PoolMap;
use serde::Deserialize;
use serde_json::Value;

/// The last line of a PID 1, as far as it is read here.
#[derive(Debug, Deserialize)]
struct Done {
    pool: String,
    /// `<tool>/<version>/<arch>`, with a space between each two.
    added: String,
}

/// What jobs have installed that could be published, or could not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// How many jobs of each pool have installed what `runtimes` would give them, by its line.
    pub by_runtime: BTreeMap<String, BTreeMap<String, u32>>,
    /// The same, of what has no source.
    pub others: BTreeMap<String, BTreeMap<String, u32>>,
}

/// Reads what CloudWatch answers `aws logs filter-log-events`, or lines of logs.
pub fn installed(text: &str, map: &PoolMap) -> Installed {
    let has: BTreeSet<String> = map.runtimes().iter().map(ToString::to_string).collect();
    let mut found = Installed::default();
    for Done { pool, added } in messages(text).iter().filter_map(|line| serde_json::from_str(line).ok()) {
        let each: BTreeSet<&str> =
            added.split(' ').filter_map(|marker| Some(marker.rsplit_once('/')?.0)).collect();
        for installed in each {
            let (counted, what) = match runtime(installed, &has) {
                Some(runtime) => (&mut found.by_runtime, runtime),
                None => (&mut found.others, installed.to_owned()),
            };
            *counted.entry(what).or_default().entry(pool.clone()).or_default() += 1;
        }
    }
    found
}

/// The messages of what CloudWatch answers, or the lines of a text.
pub(crate) fn messages(text: &str) -> Vec<String> {
    let answer: Option<Value> = serde_json::from_str(text).ok();
    let events = answer.as_ref().and_then(|answer| answer.get("events")?.as_array());
    match events {
        Some(events) => {
            events.iter().filter_map(|event| Some(event.get("message")?.as_str()?.to_owned())).collect()
        }
        None => text.lines().map(str::to_owned).collect(),
    }
}

/// The line that would publish `<tool>/<version>`. A job that installs a version although the map has its line wants
/// that very version.
fn runtime(installed: &str, has: &BTreeSet<String>) -> Option<String> {
    let (tool, version) = installed.split_once('/')?;
    let (tool, numbers) = match tool {
        "node" => ("node", 1),
        "Python" => ("python", 2),
        "go" => ("go", 2),
        _ => return None,
    };
    let is_stable = version.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    let line: Vec<&str> = version.split('.').take(numbers).collect();
    let line = format!("{tool}@{}", line.join("."));
    let exact = format!("{tool}@{version}");
    is_stable.then_some(if has.contains(&line) { exact } else { line })
}

impl Installed {
    /// The lines of the map's `runtimes`, with each runtime that at least `least` jobs have installed.
    pub fn proposal(&self, map: &PoolMap, least: u32) -> String {
        let has = map.runtimes().iter().map(|it| (it.to_string(), None));
        let jobs = |pools: &BTreeMap<String, u32>| pools.values().sum::<u32>();
        let wanted = self.by_runtime.iter().map(|(runtime, pools)| (runtime.clone(), Some(jobs(pools))));
        let lines = has.chain(wanted.filter(|(_, jobs)| jobs.is_some_and(|jobs| jobs >= least)));
        let lines = lines.map(|(runtime, jobs)| match jobs {
            None => format!("    \"{runtime}\",\n"),
            Some(jobs) => format!("    \"{runtime}\",  # {jobs} jobs installed it\n"),
        });
        format!("runtimes = [\n{}]\n", lines.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> PoolMap {
        PoolMap::from_toml(&format!("runtimes = [\"node@22\"]\n{}", fleet::pools::DEFAULT_POOLS)).unwrap()
    }

    fn line(pool: &str, added: &str) -> String {
        serde_json::json!({"message": "done", "code": 0, "pool": pool, "added": added}).to_string()
    }

    fn logs() -> Vec<String> {
        vec![
            line("ec2-x64", "Python/3.13.1/x64 node/22.4.0/x64"),
            line("ec2-x64", "Python/3.13.2/x64"),
            line("fargate-arm64", "Python/3.13.2/arm64 Ruby/3.4.1/arm64"),
            line("ec2-x64", ""),
            line("ec2-x64", "node/24.0.0-rc.1/x64"),
            "Running job: build".to_owned(),
            "{\"message\":\"job begun\"}".to_owned(),
        ]
    }

    #[test]
    fn jobs_are_counted_by_pool_and_by_the_line_that_would_have_served_them() {
        let found = installed(&logs().join("\n"), &map());
        let counts = |of: &BTreeMap<String, BTreeMap<String, u32>>, what: &str| -> Vec<(String, u32)> {
            of[what].iter().map(|(pool, jobs)| (pool.clone(), *jobs)).collect()
        };
        assert_eq!(
            counts(&found.by_runtime, "python@3.13"),
            [("ec2-x64".into(), 2), ("fargate-arm64".into(), 1)]
        );
        assert_eq!(counts(&found.by_runtime, "node@22.4.0"), [("ec2-x64".into(), 1)], "the map has node@22");
        assert_eq!(found.others.keys().collect::<Vec<_>>(), ["Ruby/3.4.1", "node/24.0.0-rc.1"]);
    }

    #[test]
    fn what_cloudwatch_answers_is_read_too() {
        let events: Vec<Value> = logs().iter().map(|line| serde_json::json!({"message": line})).collect();
        let answer = serde_json::json!({"events": events, "searchedLogStreams": []}).to_string();
        assert_eq!(installed(&answer, &map()), installed(&logs().join("\n"), &map()));
    }

    #[test]
    fn a_proposal_is_a_part_of_a_map_and_keeps_what_it_has() {
        let found = installed(&logs().join("\n"), &map());
        let proposal = found.proposal(&map(), 3);
        assert_eq!(
            proposal,
            "runtimes = [\n    \"node@22\",\n    \"python@3.13\",  # 3 jobs installed it\n]\n"
        );
        let taken = PoolMap::from_toml(&(proposal + fleet::pools::DEFAULT_POOLS)).unwrap();
        assert_eq!(taken.runtimes().len(), 2);
    }
}
