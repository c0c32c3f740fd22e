//! The tables of metrics, the template's alarms and the sections of OPERATIONS say the same.

use std::collections::{BTreeMap, BTreeSet};

use cloudwatch::{stack, table};
use regex::Regex;

/// The metric that the instances' own script puts, and no crate.
const OF_THE_HOST: &str = "DockerVolumeUsed";

/// What each section of an alarm says, beside what it means.
const PARTS: [&str; 3] = ["**It means**", "**Do**", "**Try it**"];

fn alarmed() -> BTreeSet<String> {
    stack::alarms().into_values().map(|alarm| alarm.metric_name).collect()
}

/// The sections below "Alarms" that are named after a metric, with their text.
fn sections() -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(stack::root().join("docs/OPERATIONS.md")).unwrap();
    let alarms = page.split("\n## Alarms\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let sections = alarms.split("\n### ").skip(1);
    let named = sections.filter_map(|section| {
        let (title, text) = section.split_once('\n').unwrap();
        Some((title.strip_prefix('`')?.strip_suffix('`')?.to_owned(), text.to_owned()))
    });
    named.collect()
}

#[test]
fn each_metric_that_wants_an_alarm_has_one_and_each_alarm_a_metric() {
    let wanted = table().into_iter().filter(|metric| metric.needs_alarm).map(|metric| metric.name);
    let wanted: BTreeSet<String> = wanted.chain([OF_THE_HOST]).map(str::to_owned).collect();
    assert_eq!(alarmed(), wanted);
}

#[test]
fn each_alarm_has_a_section_and_each_section_an_alarm() {
    let sections = sections();
    assert_eq!(sections.keys().cloned().collect::<BTreeSet<_>>(), alarmed());
    for (name, text) in sections {
        for part in PARTS {
            assert_eq!(text.matches(part).count(), 1, "{name}: {part}");
        }
    }
}

/// A mail has the description and nothing else to go by.
#[test]
fn each_alarm_says_what_is_wrong_and_calls_the_topic_both_ways() {
    for (id, alarm) in stack::alarms() {
        assert!(alarm.alarm_description.len() > 40, "{id}");
        assert_eq!(alarm.alarm_actions["Fn::If"][0], "HasAlarmTopic", "{id}");
        assert_eq!(alarm.alarm_actions, alarm.ok_actions, "{id}");
    }
}

/// Every query of the dashboard, by its widget's title.
fn queries() -> BTreeMap<String, String> {
    let dashboard = stack::dashboard();
    let widgets = dashboard["widgets"].as_array().unwrap().iter().map(|widget| &widget["properties"]);
    let queries =
        widgets.filter_map(|it| Some((it["title"].as_str()?.to_owned(), it["query"].as_str()?.to_owned())));
    queries.collect()
}

/// A query that names what nobody writes shows an empty panel, and no error.
#[test]
fn what_the_dashboard_asks_for_is_written() {
    let (metrics, messages) = (Regex::new(r"\b[A-Z]\w+").unwrap(), Regex::new(r"'([a-z][^']*)'").unwrap());
    let fields = Regex::new(r"\((\w+)[,)]|capacity|reason|by (\w+)").unwrap();
    let table = table();
    let names: BTreeSet<&str> = table
        .iter()
        .flat_map(|it| it.dimensions.iter().copied().chain([it.name]))
        .chain(["SOURCE"])
        .collect();
    let sources = [
        "shared/control/src/transaction_log.rs",
        "shared/control/src/launchpad.rs",
        "functions/scheduler/src/settle.rs",
        "shared/fleet/src/cost.rs",
    ];
    let source: String =
        sources.map(|file| std::fs::read_to_string(stack::root().join(file)).unwrap()).concat();
    let queries = queries();
    assert!(queries.len() >= 10, "{queries:?}");
    for (title, query) in queries {
        let asked = query.rsplit_once("Logs' |").unwrap().1;
        for metric in metrics.find_iter(asked).map(|it| it.as_str()) {
            assert!(names.contains(metric), "{title}: {metric} is in no table");
        }
        for message in messages.captures_iter(asked).map(|it| it.extract::<1>().1[0]) {
            assert!(source.contains(&format!("\"{message}")), "{title}: nobody logs {message:?}");
            for field in fields.captures_iter(asked).filter_map(|it| it.get(1)).map(|it| it.as_str()) {
                let is_written =
                    source.contains(&format!("{field} =")) || source.contains(&format!("{field},"));
                assert!(
                    is_written || field == "5m" || field == "1m",
                    "{title}: nobody logs the field {field}"
                );
            }
        }
    }
}

/// All that costs more with each pool is asked of the logs.
#[test]
fn the_dashboard_shows_no_metric_of_its_own() {
    for widget in stack::dashboard()["widgets"].as_array().unwrap() {
        assert!(["alarm", "log"].contains(&widget["type"].as_str().unwrap()), "{widget}");
    }
    let shown = &stack::dashboard()["widgets"][0]["properties"]["alarms"];
    let shown: BTreeSet<&str> = shown.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let own: BTreeSet<String> = stack::alarms()
        .into_keys()
        .filter(|id| id != "DockerVolumeAlarm")
        .map(|id| format!("{id}.Arn"))
        .collect();
    assert_eq!(shown, own.iter().map(String::as_str).collect());
}
