//! Days on which the clock is shifted, what a schedule may not say, and that exactly one minimum
//! holds in every minute of a year.

use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::pools::{Pool, PoolMap};

mod limits;

/// A pool that keeps 6 runners in working hours and 3 out of them, of 15 and 10.
fn entry(schedule: Option<&Value>) -> [(String, Value); 1] {
    let mut entry = json!({
        "architecture": "arm64", "capacity": "fargate", "labels": [], "cpu_units": 4096,
        "memory_mib": 16384, "disk_gib": 60, "runner_group": "fargate", "priority": 10,
        "maximum": 15, "off_hours_maximum": 10, "working_hours_minimum": 6, "off_hours_minimum": 3,
    });
    if let Some(schedule) = schedule {
        entry["schedule"] = schedule.clone();
    }
    [("one".to_owned(), entry)]
}

fn pool(schedule: Option<&Value>) -> Result<PoolMap, String> {
    PoolMap::from_entries(entry(schedule)).map_err(|error| error.to_string())
}

/// A map with this schedule for all of its pools.
fn on(platforms: &Value) -> Result<PoolMap, String> {
    let pools: serde_json::Map<_, _> = entry(None).into_iter().collect();
    let map = json!({"pools": pools, "schedule": platforms}).to_string();
    PoolMap::from_json(&map).map_err(|error| error.to_string())
}

fn only(pools: &PoolMap) -> &Pool {
    pools.iter().next().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// All week from one clock time to another, in a zone.
fn daily(zone: &str, from: &str, to: &str) -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    json!({"time_zone": zone, "windows": [{"days": days, "from": from, "to": to}]})
}

#[test]
fn the_default_is_office_hours_in_utc() {
    let pools = pool(None).unwrap();
    let hours = pools.hours(only(&pools));
    for (instant, minimum, maximum, next, why) in [
        ("2026-03-23T07:59:59Z", 3, 10, "2026-03-23T08:00:00Z", "Monday, early"),
        ("2026-03-23T08:00:00Z", 6, 15, "2026-03-23T19:00:00Z", "the first moment"),
        ("2026-03-27T18:59:59.999Z", 6, 15, "2026-03-27T19:00:00Z", "the last one, of Friday"),
        ("2026-03-27T19:00:00Z", 3, 10, "2026-03-30T08:00:00Z", "the week is over"),
        ("2026-03-29T12:00:00Z", 3, 10, "2026-03-30T08:00:00Z", "Sunday"),
    ] {
        let bounds = hours.bounds_at(at(instant));
        assert_eq!(bounds, Bounds { minimum, maximum }, "{why}");
        assert_eq!(hours.next_change(at(instant)), Some(at(next)), "{why}");
    }
}

#[test]
fn each_edge_is_one_instant_on_the_days_on_which_the_clock_is_shifted() {
    for (zone, from, to, day, opens, closes, why) in [
        ("Europe/London", "00:30", "02:30", "2026-03-29", "00:30Z", "01:30Z", "an hour of it is skipped"),
        ("Europe/London", "01:30", "03:00", "2026-03-29", "01:00Z", "02:00Z", "it begins in what is skipped"),
        ("Europe/London", "01:10", "01:50", "2026-03-29", "", "", "all of it is skipped"),
        (
            "Europe/London",
            "00:30",
            "01:30",
            "2026-10-25",
            "-1T23:30Z",
            "00:30Z",
            "it ends at the first 01:30",
        ),
        ("Europe/London", "01:30", "03:00", "2026-10-25", "00:30Z", "03:00Z", "it begins at the first 01:30"),
        (
            "Europe/London",
            "08:00",
            "19:00",
            "2026-10-25",
            "08:00Z",
            "19:00Z",
            "office hours, after the shift",
        ),
        ("America/New_York", "02:30", "05:00", "2026-03-08", "07:00Z", "09:00Z", "at the moment of the jump"),
        ("America/New_York", "01:30", "05:00", "2026-11-01", "05:30Z", "10:00Z", "the first 01:30"),
        (
            "Australia/Lord_Howe",
            "01:45",
            "02:15",
            "2026-10-04",
            "-1T15:15Z",
            "-1T15:30Z",
            "half an hour is skipped",
        ),
        (
            "Australia/Lord_Howe",
            "01:45",
            "02:15",
            "2026-04-05",
            "-1T14:45Z",
            "-1T15:45Z",
            "half an hour comes twice",
        ),
        ("Asia/Tokyo", "01:30", "03:00", "2026-03-29", "-1T16:30Z", "-1T18:00Z", "no daylight saving"),
    ] {
        let pools = pool(Some(&daily(zone, from, to))).unwrap();
        let hours = pools.hours(only(&pools));
        let date: Date = day.parse().unwrap();
        let utc = |text: &str| match text.strip_prefix("-1T") {
            Some(time) => at(&format!("{}T{time}", date.yesterday().unwrap())),
            None => at(&format!("{day}T{text}")),
        };
        let zoned = TimeZoneDatabase::bundled().get(zone).unwrap();
        let midnight = zoned.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().unwrap();
        let first = hours.next_change(midnight - SignedDuration::from_secs(1)).unwrap();
        if opens.is_empty() {
            assert!(zoned.to_datetime(first).date() > date, "{zone}: {why}: {first}");
            continue;
        }
        assert_eq!((first, hours.minimum_at(first)), (utc(opens), 6), "{zone} {day}: {why}");
        assert_eq!(hours.next_change(first), Some(utc(closes)), "{zone} {day}: {why}");
    }
}

#[test]
fn windows_go_over_midnight_leave_holidays_out_and_have_numbers_of_their_own() {
    let schedule = json!({
        "time_zone": "Europe/London",
        "windows": [
            {"days": ["mon", "thu"], "from": "22:00", "to": "06:00", "minimum": 9, "maximum": 12},
            {"days": ["wed"], "from": "08:00", "to": "24:00"},
        ],
        "holidays": ["2026-12-24"],
    });
    let pools = pool(Some(&schedule)).unwrap();
    let hours = pools.hours(only(&pools));
    for (instant, minimum, maximum, why) in [
        ("2026-12-14T21:59:00Z", 3, 10, "before it"),
        ("2026-12-15T05:59:00Z", 9, 12, "it goes on on Tuesday"),
        ("2026-12-15T06:00:00Z", 3, 10, "and ends"),
        ("2026-12-16T23:59:59Z", 6, 15, "to the end of Wednesday"),
        ("2026-12-17T00:00:00Z", 3, 10, "and no further"),
        ("2026-12-24T23:00:00Z", 3, 10, "a holiday"),
        ("2026-12-25T03:00:00Z", 3, 10, "its night too"),
    ] {
        assert_eq!(hours.bounds_at(at(instant)), Bounds { minimum, maximum }, "{why}");
    }
}

#[test]
fn instances_are_wanted_a_lead_before_the_runners() {
    let pools = pool(None).unwrap();
    let hours = pools.hours(only(&pools));
    let lead = hours.schedule.lead();
    for (instant, highest, why) in [
        ("2026-03-23T07:49:59Z", 3, "not yet"),
        ("2026-03-23T07:50:00Z", 6, "ten minutes ahead"),
        ("2026-03-23T12:00:00Z", 6, "in working hours"),
        ("2026-03-23T18:55:00Z", 6, "the end is not anticipated"),
        ("2026-03-23T19:00:00Z", 3, "it is followed"),
    ] {
        assert_eq!(hours.highest_minimum(at(instant), lead), highest, "{why}");
    }
}

#[test]
fn a_schedule_reads_back_from_what_it_is_written_as() {
    let own = json!({
        "time_zone": "Europe/London", "lead_minutes": 7, "holidays": ["2026-12-25"],
        "windows": [{"days": ["mon", "sun"], "from": "22:00", "to": "24:00", "minimum": 9, "maximum": 12}],
    });
    let pools = pool(Some(&own)).unwrap();
    let schedule = only(&pools).schedule.as_ref().unwrap();
    assert_eq!(schedule.to_value(), own);
    let default = Schedule::default();
    assert_eq!(on(&default.to_value()).unwrap().schedule(), &default);
}

#[test]
fn the_office_hours_profile_keeps_40_runners_and_20_of_100() {
    let profile = include_str!("../../../../examples/pools-office-hours.toml");
    let pools = PoolMap::from_toml(profile).unwrap();
    let total = |instant| {
        let bounds = pools.iter().map(|pool| pools.hours(pool).bounds_at(at(instant)));
        bounds.fold((0, 0), |sum, bounds| (sum.0 + bounds.minimum, sum.1 + bounds.maximum))
    };
    assert_eq!(total("2026-03-23T12:00:00Z"), (40, 100));
    assert_eq!(total("2026-03-23T19:00:00Z"), (20, 100));
    let shipped = PoolMap::from_toml(crate::pools::DEFAULT_POOLS).unwrap();
    assert!(shipped.iter().all(|pool| pool.working_hours_minimum + pool.off_hours_minimum == 0));
}

#[test]
fn a_schedule_that_never_changes_has_no_next_change() {
    let pools = pool(Some(&json!({"windows": []}))).unwrap();
    assert_eq!(pools.hours(only(&pools)).next_change(at("2026-03-23T12:00:00Z")), None);
}

#[test]
fn everything_that_is_wrong_is_told_with_pool_and_field() {
    let wrong = json!({
        "time_zone": "Europe/Londn",
        "lead_minutes": 1000,
        "windows": [
            {"days": ["mon"], "from": "08:00", "to": "08:00"},
            {"days": [], "from": "08:00", "to": "25:00"},
            {"days": ["sun"], "from": "20:00", "to": "09:00", "minimum": 16},
            {"days": ["mon"], "from": "08:59", "to": "10:00", "minimum": 5},
        ],
        "from": "08:00",
    });
    let told = pool(Some(&wrong)).unwrap_err();
    for line in [
        "one.schedule.time_zone: \"Europe/Londn\" is no IANA time zone",
        "one.schedule.lead_minutes: takes 0 to 720",
        "one.schedule.windows: window 1: to: is the same time as `from`: the window would be open never or always",
        "one.schedule.windows: window 2: days: names at least one day",
        "one.schedule.windows: window 2: to: \"25:00\" is not a time of the day",
        "one.schedule.windows: windows 3 and 4 overlap, and differ",
        "one.schedule.from: is not a field of a schedule; the fields are time_zone",
    ] {
        assert!(told.contains(line), "{line:?} is not in:\n{told}");
    }
    let over = json!({"windows": [
        {"days": ["mon"], "from": "08:00", "to": "09:00", "minimum": 13, "maximum": 12},
        {"days": ["tue"], "from": "08:00", "to": "09:00", "maximum": 16},
    ], "holidays": ["2026-12-25"]});
    let told = pool(Some(&over)).unwrap_err();
    assert!(told.contains("one.schedule.windows: window 1: its minimum is over its maximum, 12"), "{told}");
    assert!(
        told.contains("one.schedule.windows: window 2: its maximum takes 1 to the pool's maximum, 15"),
        "{told}"
    );
    for (schedule, says) in [
        (json!(7), "schedule: takes a table of fields"),
        (
            json!({"holidays": ["2026-12-25", "Christmas"]}),
            "schedule.holidays: holiday 2: takes a date like 2026-12-25, not the text \"Christmas\"",
        ),
        (
            json!({"windows": [{"days": ["mon"], "from": "8:00", "to": "09:00"}]}),
            "schedule.windows: window 1: from: \"8:00\" is not a time of the day",
        ),
        (
            json!({"windows": [{"days": ["mon"], "from": "24:00", "to": "09:00"}]}),
            "schedule.windows: window 1: from: no window begins at \"24:00\"",
        ),
        (
            json!({"windows": [{"days": ["monday"], "from": "08:00", "to": "09:00", "until": 3}]}),
            "schedule.windows: window 1: days: day 1: takes \"mon\", \"tue\"",
        ),
        (
            json!({"windows": [{"days": ["mon"], "from": "08:00", "to": "09:00", "minimum": 1}]}),
            "schedule.windows: window 1: a minimum or maximum of a window belongs to a pool's own schedule",
        ),
    ] {
        let told = on(&schedule).unwrap_err();
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn a_map_without_schedules_has_the_pools_and_reads_no_hours() {
    let in_zone = |zone: &str| {
        let pools: serde_json::Map<_, _> = entry(Some(&json!({"time_zone": zone}))).into_iter().collect();
        json!({"pools": pools, "schedule": {"time_zone": zone}}).to_string()
    };
    let with = PoolMap::from_json(&in_zone("Europe/London")).unwrap();
    let without = PoolMap::from_json_without_schedules(&in_zone("Europe/London")).unwrap();
    assert_eq!(only(&without), &Pool { schedule: None, ..only(&with).clone() });
    assert_eq!(
        (with.schedule().zone().iana_name(), without.schedule()),
        (Some("Europe/London"), &Schedule::default())
    );
    assert!(PoolMap::from_json(&in_zone("Europe/Nowhere")).is_err());
    assert!(PoolMap::from_json_without_schedules(&in_zone("Europe/Nowhere")).is_ok());
}

#[test]
fn the_map_has_the_platforms_schedule_and_says_what_is_wrong_with_it() {
    let with = |schedule: &str| {
        PoolMap::from_toml(&format!("{}\n[schedule]\n{schedule}", crate::pools::DEFAULT_POOLS))
    };
    let pools = with("time_zone = \"America/New_York\"\nlead_minutes = 5").unwrap();
    assert_eq!(pools.schedule().lead(), SignedDuration::from_mins(5));
    assert_eq!(pools.schedule().zone().iana_name(), Some("America/New_York"));
    let told = with("zone = \"Etc/UTC\"").unwrap_err().to_string();
    assert!(told.starts_with("schedule.zone: is not a field of a schedule"), "{told}");
}

prop_compose! {
    fn any_window()(
        days in prop::collection::btree_set(0_usize..7, 1..=7),
        from in 0_u16..1440,
        length in 1_u16..1440,
        minimum in prop::option::of(0_u32..10),
    ) -> Value {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
        let days: Vec<&str> = days.into_iter().map(|day| names[day]).collect();
        let mut window = json!({"days": days, "from": clock(from), "to": clock(from + length)});
        if let Some(minimum) = minimum {
            window["minimum"] = json!(minimum);
        }
        window
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    /// By the schedule's own walk from change to change, and by looking at every minute.
    #[test]
    fn every_minute_of_a_year_has_one_minimum_which_changes_at_edges_alone(
        zone in prop::sample::select(vec![
            "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Casablanca",
            "Pacific/Apia",
        ]),
        windows in prop::collection::vec(any_window(), 0..4),
    ) {
        let schedule = json!({"time_zone": zone, "windows": windows, "holidays": ["2026-05-01"]});
        let Ok(pools) = pool(Some(&schedule)) else { return Ok(()) };
        let hours = pools.hours(only(&pools));
        let minute = SignedDuration::from_mins(1);
        let end = at("2027-01-01T00:00:00Z");
        let first = Date::constant(2025, 12, 28);
        let edges: BTreeSet<Timestamp> =
            hours.schedule.edges_between(first, Date::constant(2027, 1, 3)).into_iter().collect();
        let mut now = at("2026-01-01T00:00:00Z");
        let mut bounds = hours.bounds_at(now);
        let mut next = hours.next_change(now);
        while now < end {
            now += minute;
            let then = hours.bounds_at(now);
            if then != bounds {
                prop_assert!(edges.contains(&now), "{now} is no edge");
                prop_assert_eq!(next, Some(now), "the change that was foretold");
                next = hours.next_change(now);
            }
            bounds = then;
        }
    }
}
