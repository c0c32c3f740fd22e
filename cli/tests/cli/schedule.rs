//! `mayfly schedule`: a week's minimums and maximums, and what the minimums cost.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use fleet::PoolMap;
use mayfly::schedule::{Week, report};
use platform::prices::Prices;

const OFFICE_HOURS: &str = include_str!("../../../examples/pools-office-hours.toml");

/// A pool with hours of its own, in a zone whose clock shifts by half an hour.
const OWN_HOURS: &str = r#"
[pools.island]
labels = ["island"]
architecture = "arm64"
capacity = "fargate-spot"
cpu_units = 1024
memory_mib = 4096
disk_gib = 21
runner_group = "fargate"
priority = 80
maximum = 8
off_hours_maximum = 2
working_hours_minimum = 4
schedule = { time_zone = "Australia/Lord_Howe", windows = [{ days = ["sun"], from = "01:00", to = "03:00" }] }
"#;

fn mayfly(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Command::new(env!("CARGO_BIN_EXE_mayfly")).current_dir(root).args(args).output().unwrap()
}

fn shown(map: &str, week: &str) -> String {
    let pools = PoolMap::from_toml(map).unwrap();
    report(&pools, Week::parse(week).unwrap(), &Prices::shipped().unwrap()).unwrap()
}

fn in_london() -> String {
    OFFICE_HOURS.replace("Etc/UTC", "Europe/London")
}

#[track_caller]
fn has_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|shown| shown.trim() == *line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn the_week_is_a_table_a_chart_and_a_bill() {
    let output = mayfly(&["schedule", "--pools", "examples/pools-office-hours.toml", "--week", "2026-W13"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.strip_suffix("The map of pools: examples/pools-office-hours.toml\n").unwrap();
    assert_eq!(text.trim_end(), shown(OFFICE_HOURS, "2026-W13"));
    has_lines(
        text,
        &[
            "2026-W13 in Etc/UTC, 2026-03-23 to 2026-03-29: 168 hours",
            "│ ec2-x64          ┆       3 ┆      15 ┆   113 ┆ Mon–Fri 00:00–08:00, 19:00–24:00 │",
            "│                  ┆         ┆         ┆       ┆ Sat, Sun all day                 │",
            "│                  ┆       6 ┆      15 ┆    55 ┆ Mon–Fri 08:00–19:00              │",
            "│Mon 23      │Tue 24      │Wed 25      │Thu 26      │Fri 27      │Sat 28      │Sun 29      │",
            "ec2-x64 │▂▂▂▂▄▄▄▄▄▄▂▂│▂▂▂▂▄▄▄▄▄▄▂▂│▂▂▂▂▄▄▄▄▄▄▂▂│▂▂▂▂▄▄▄▄▄▄▂▂│▂▂▂▂▄▄▄▄▄▄▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│",
        ],
    );
    assert!(!text.contains('!'), "no day is marked");
}

#[test]
fn a_day_that_the_clock_shifts_is_marked() {
    has_lines(
        &shown(&in_london(), "2026-W13"),
        &[
            "2026-W13 in Europe/London, 2026-03-23 to 2026-03-29: 167 hours",
            "Sunday 2026-03-29 has 23 hours: at 01:00 the clock is set to 02:00",
            "│ ec2-x64          ┆       3 ┆      15 ┆   112 ┆ Mon–Fri 00:00–08:00, 19:00–24:00 │",
            "│                  ┆         ┆         ┆       ┆ Sat, Sun (23 h) all day          │",
            "│Mon 23      │Tue 24      │Wed 25      │Thu 26      │Fri 27      │Sat 28      │Sun 29!     │",
        ],
    );
    let autumn = shown(&in_london(), "2026-W43");
    has_lines(
        &autumn,
        &[
            "2026-W43 in Europe/London, 2026-10-19 to 2026-10-25: 169 hours",
            "Sunday 2026-10-25 has 25 hours: at 02:00 the clock is set to 01:00",
            "│Mon 19      │Tue 20      │Wed 21      │Thu 22      │Fri 23      │Sat 24      │Sun 25!      │",
        ],
    );
    assert!(autumn.contains("│▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂▂│\n"), "Sunday is a character longer:\n{autumn}");
}

/// On 2026-10-04 the clocks of Lord Howe go from 02:00 to 02:30: the window has an hour and a half.
#[test]
fn pools_of_another_zone_have_a_week_of_their_own() {
    let text = shown(&(OFFICE_HOURS.to_owned() + OWN_HOURS), "2026-W40");
    has_lines(
        &text,
        &[
            "2026-W40 in Etc/UTC, 2026-09-28 to 2026-10-04: 168 hours",
            "2026-W40 in Australia/Lord_Howe, 2026-09-28 to 2026-10-04: 167.5 hours",
            "Sunday 2026-10-04 has 23.5 hours: at 02:00 the clock is set to 02:30",
            "│ island ┆       0 ┆       2 ┆   166 ┆ Mon–Sat all day                       │",
            "│        ┆         ┆         ┆       ┆ Sun (23.5 h) 00:00–01:00, 03:00–24:00 │",
            "│ island           ┆          6 ┆              – ┆ 0.0233 a task                               ┆     0.14 │",
            "island │············│············│············│············│············│············│▄▄··········│",
            "maximum │▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂▂▂▂│██▂▂▂▂▂▂▂▂▂▂│",
        ],
    );
}

/// By hand. Working hours are 5 × 11 = 55 of 168.
///
/// - ec2-arm64 keeps 4 and 2 tasks: 55 × 4 + 113 × 2 = 446; 2 and 1 instances, the second one from ten
///   minutes before: 55 × 2 + 113 + 5/6 = 223.83; × 0.2688 = 60.17.
/// - ec2-x64 keeps 6 and 3: 55 × 6 + 113 × 3 = 669; 3 and 2: 165 + 226 + 5/6 = 391.83; × 0.3328 = 130.40.
/// - fargate-x64 keeps 6 and 3: 669 × (4 × 0.04048 + 16 × 0.004445 = 0.23304) = 155.90; on Spot the half.
/// - fargate-arm64 keeps 4 and 2: 446 × (4 × 0.03238 + 16 × 0.00356 = 0.18648) = 83.17.
/// - Together 60.17 + 130.40 + 155.90 + 77.95 + 83.17 = 507.59.
#[test]
fn the_bill_is_what_a_person_reckons() {
    has_lines(
        &shown(OFFICE_HOURS, "2026-W13"),
        &[
            "│ ec2-arm64        ┆        446 ┆         223.83 ┆ 0.2688 a t4g.2xlarge                        ┆    60.17 │",
            "│ ec2-x64          ┆        669 ┆         391.83 ┆ 0.3328 a t3.2xlarge                         ┆   130.40 │",
            "│ ec2-x64-spot     ┆        892 ┆         447.67 ┆ no price: ec2-spot.\"t3.2xlarge\" is missing  ┆     none │",
            "│ fargate-arm64    ┆        446 ┆              – ┆ 0.1865 a task                               ┆    83.17 │",
            "│ fargate-x64      ┆        669 ┆              – ┆ 0.2330 a task                               ┆   155.90 │",
            "│ fargate-x64-spot ┆        669 ┆              – ┆ 0.1165 a task                               ┆    77.95 │",
            "│ together         ┆       4460 ┆        1455.17 ┆ without the 2 pools that have none          ┆   507.59 │",
        ],
    );
}

/// Beside the office hours of the clock, an hour is saved: 112 of 167 are off-hours.
#[test]
fn an_hour_that_is_skipped_costs_nothing() {
    let text = shown(&in_london(), "2026-W13");
    assert!(text.contains("│ fargate-x64      ┆        666 ┆              – ┆ 0.2330 a task"), "{text}");
}

#[test]
fn own_prices_are_taken_and_of_several_types_the_cheapest() {
    let folder = tempfile::tempdir().unwrap();
    let (map, prices) = (folder.path().join("pools.toml"), folder.path().join("prices.toml"));
    let types = OFFICE_HOURS.replace("[\"t3.2xlarge\"]", "[\"t3.2xlarge\", \"m6i.2xlarge\"]");
    fs::write(&map, types).unwrap();
    let text = "date = \"2027-01-01\"\nregion = \"eu-west-1\"\n[ec2]\n\"t3.2xlarge\" = 0.4\n\
                \"m6i.2xlarge\" = 0.3\n[ec2-spot]\n\"t3.2xlarge\" = 0.1\n[fargate.x86_64]\n\
                vcpu_hour = 1\ngb_hour = 0.5\n";
    fs::write(&prices, text).unwrap();
    let (map, prices) = (map.to_str().unwrap(), prices.to_str().unwrap());
    let output = mayfly(&["schedule", "--pools", map, "--week", "2026-W13", "--prices", prices]);
    let text = String::from_utf8(output.stdout).unwrap();
    for words in [
        "the prices of eu-west-1 on 2027-01-01",
        "0.3000 a m6i.2xlarge",
        "no price: ec2.\"t4g.2xlarge\" is missing",
        "no price: ec2-spot.\"m6i.2xlarge\" is missing",
        "no price: fargate.arm64 is missing",
        "no price: fargate-spot.x86_64 is missing",
        "12.0000 a task",
        "without the 5 pools that have none",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn programs_get_the_same_week_as_json() {
    let output =
        mayfly(&["schedule", "--json", "--pools", "examples/pools-office-hours.toml", "--week", "2026-W13"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["week"], &json["map"]),
        (&"2026-W13".into(), &"examples/pools-office-hours.toml".into())
    );
    let pool = json["pools"].as_array().unwrap().iter().find(|pool| pool["pool"] == "ec2-x64").unwrap();
    let night = serde_json::json!({
        "from": "2026-03-23T00:00:00Z", "to": "2026-03-23T08:00:00Z", "minimum": 3, "maximum": 15
    });
    assert_eq!((&pool["spans"][0], &pool["spans"][1]["minimum"]), (&night, &6.into()));
    // 55 working hours of 6 runners, and 113 hours of 3.
    assert_eq!(pool["task_hours"], 55.0 * 6.0 + 113.0 * 3.0);
    assert!(pool["dollars_a_week"].as_f64().unwrap() > 1.0);
}

#[test]
fn without_a_week_it_is_the_current_one_of_the_shipped_map() {
    let output = mayfly(&["schedule"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let week = text.split(' ').next().unwrap();
    let text = text.strip_suffix("The map of pools: pools.toml\n").unwrap();
    assert_eq!(text.trim_end(), shown(fleet::pools::DEFAULT_POOLS, week));
    assert!(text.contains("····"), "it keeps nobody waiting");
}

#[test]
fn a_week_that_is_none_and_prices_that_are_wrong_get_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let prices = file.to_str().unwrap();
    let head = "date = \"2027-01-01\"\nregion = \"eu-west-1\"\n";
    for (text, says) in [
        ("date = ".to_owned(), "mine.toml: is not TOML: "),
        ("region = \"eu-west-1\"".to_owned(), "mine.toml: date is missing"),
        ("date = \"yesterday\"\nregion = \"eu-west-1\"".to_owned(), "mine.toml: date: "),
        (format!("{head}[lambda]"), "mine.toml: lambda: is not a field; the fields here are date, region"),
        (
            format!("{head}[fargate.mips]"),
            "mine.toml: fargate.mips: is not a field; the fields here are x86_64",
        ),
        (format!("{head}[fargate.arm64]\nvcpu_hour = 0.1"), "mine.toml: fargate.arm64: gb_hour is missing"),
        (
            format!("{head}[ec2]\n\"t3.2xlarge\" = 0.0"),
            "mine.toml: ec2.t3.2xlarge: 0 is no price; it takes dollars over 0, and what has none is left out",
        ),
        (
            format!("{head}[ec2]\n\"t3.2xlarge\" = \"cheap\""),
            "mine.toml: ec2.t3.2xlarge: takes a number, not the text \"cheap\" (line 4)",
        ),
    ] {
        fs::write(&file, &text).unwrap();
        fails(&mayfly(&["schedule", "--week", "2026-W13", "--prices", prices]), says);
    }
    for week in ["2026-W54", "2026-W53x", "2026-13", "next", "2027-W53"] {
        let says = format!("--week: \"{week}\" is not a week; it takes one such as 2026-W13");
        fails(&mayfly(&["schedule", "--week", week]), &says);
    }
    fails(&mayfly(&["schedule", "--week", "9999-W52"]), "--week: 9999-W52 is at the end of time");
    fails(&mayfly(&["schedule", "--prices", "no/such.toml"]), "no/such.toml cannot be read");
}

#[track_caller]
fn fails(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(2), "{says}");
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("mayfly: ") && error.contains(says), "{error:?} does not say {says:?}");
    assert!(output.stdout.is_empty());
}
