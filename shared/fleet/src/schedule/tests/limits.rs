//! Windows that touch, numbers that are as large or as small as they may be, and times that are none.

use super::*;

/// Windows, each of some days, from and to a time, with a minimum of its own.
fn windows(written: &[(&[&str], &str, &str, u32)]) -> Value {
    let windows = written
        .iter()
        .map(|(days, from, to, minimum)| json!({"days": days, "from": from, "to": to, "minimum": minimum}));
    json!({"windows": windows.collect::<Vec<_>>()})
}

/// What is wrong with a schedule, a line each.
fn wrong(schedule: &Value) -> Vec<String> {
    let told = pool(Some(schedule)).err().unwrap_or_default();
    told.lines().map(|line| line.strip_prefix("one.schedule.windows: ").unwrap_or(line).to_owned()).collect()
}

#[test]
fn windows_may_touch_or_agree_and_else_do_not_overlap() {
    const OVERLAP: &[&str] = &["windows 1 and 2 overlap, and differ in minimum or maximum"];
    let (mon, tue, sun) = (&["mon"][..], &["tue"][..], &["sun"][..]);
    for (first, second, told, why) in [
        ((mon, "08:00", "12:00", 4), (mon, "12:00", "18:00", 5), &[][..], "one ends as the other begins"),
        ((mon, "12:00", "18:00", 5), (mon, "08:00", "12:00", 4), &[], "whichever is written first"),
        ((mon, "08:00", "12:01", 4), (mon, "12:00", "18:00", 5), OVERLAP, "a minute is in both"),
        ((mon, "12:00", "18:00", 5), (mon, "08:00", "12:01", 4), OVERLAP, "the same, the other way round"),
        ((mon, "08:00", "18:00", 4), (mon, "09:00", "10:00", 5), OVERLAP, "one is within the other"),
        ((mon, "20:00", "24:00", 4), (tue, "00:00", "06:00", 5), &[], "they touch at midnight"),
        ((mon, "20:00", "00:00", 4), (tue, "00:00", "06:00", 5), &[], "the same midnight"),
        ((mon, "20:00", "00:01", 4), (tue, "00:00", "06:00", 5), OVERLAP, "a minute over midnight"),
        ((sun, "20:00", "06:00", 4), (mon, "06:00", "08:00", 5), &[], "they touch in the next week"),
        ((sun, "20:00", "06:01", 4), (mon, "06:00", "08:00", 5), OVERLAP, "a minute in the next week"),
        ((mon, "08:00", "18:00", 4), (tue, "08:00", "18:00", 5), &[], "other days"),
        ((mon, "08:00", "12:00", 4), (mon, "10:00", "18:00", 4), &[], "they overlap, and agree"),
    ] {
        assert_eq!(wrong(&windows(&[first, second])), told, "{why}");
    }
}

#[test]
fn where_windows_touch_the_next_one_holds_and_where_they_agree_nothing_changes() {
    let on = |from, to, minimum| (&["mon"][..], from, to, minimum);
    for (second, instant, minimum, next, why) in [
        (on("12:00", "18:00", 5), "11:59:59", 4, "12:00", "until the first one's end"),
        (on("12:00", "18:00", 5), "12:00:00", 5, "18:00", "from the second one's beginning"),
        (on("12:00", "18:00", 4), "09:00:00", 4, "18:00", "they touch, and agree"),
        (on("10:00", "18:00", 4), "09:00:00", 4, "18:00", "they overlap, and agree"),
        (on("10:00", "11:00", 4), "09:00:00", 4, "12:00", "one is within the other"),
        (on("10:00", "11:00", 4), "11:30:00", 4, "12:00", "when that is over"),
    ] {
        let pools = pool(Some(&windows(&[on("08:00", "12:00", 4), second]))).unwrap();
        let hours = pools.hours(only(&pools));
        let instant = at(&format!("2026-03-23T{instant}Z"));
        assert_eq!(hours.minimum_at(instant), minimum, "{why}");
        assert_eq!(hours.next_change(instant), Some(at(&format!("2026-03-23T{next}:00Z"))), "{why}");
    }
}

#[test]
fn a_time_that_is_none_is_told_in_one_line() {
    let no_time = |field: &str, text: &str| {
        format!("window 1: {field}: {text:?} is not a time of the day; it takes one like \"08:00\"")
    };
    for text in [
        "08:60", "08:75", "08:99", "24:01", "25:00", "99:99", "8:00", "008:00", "08:0", "08:000", "0800",
        "08:", ":00", "", "+8:00", "08:+5", "-8:00", " 8:00", "08:00 ", "08.00", "08:00:00", "é:00",
    ] {
        for (field, from, to) in [("from", text, "23:59"), ("to", "00:01", text)] {
            assert_eq!(wrong(&windows(&[(&["mon"], from, to, 1)])), [no_time(field, text)], "{from} to {to}");
        }
    }
    let midnight = "window 1: from: no window begins at \"24:00\"; midnight is \"00:00\" of the next day";
    assert_eq!(wrong(&windows(&[(&["mon"], "24:00", "06:00", 1)])), [midnight]);
    for (from, to) in [("00:00", "24:00"), ("23:59", "24:00"), ("00:00", "00:01"), ("22:00", "00:00")] {
        assert_eq!(wrong(&windows(&[(&["mon"], from, to, 1)])), [""; 0], "{from} to {to}");
    }
}

#[test]
fn numbers_may_be_as_large_as_their_limits_and_no_larger() {
    let window = |minimum: Option<u32>, maximum: Option<u32>| {
        let mut window = json!({"days": ["mon"], "from": "08:00", "to": "09:00"});
        for (name, number) in [("minimum", minimum), ("maximum", maximum)] {
            window.as_object_mut().unwrap().extend(number.map(|it| (name.to_owned(), json!(it))));
        }
        json!({"windows": [window]})
    };
    let maximum = &["window 1: its maximum takes 1 to the pool's maximum, 15"][..];
    for (schedule, told, why) in [
        (window(Some(0), Some(1)), &[][..], "the smallest"),
        (window(Some(0), Some(0)), maximum, "a window in which nobody may live"),
        (window(Some(15), Some(15)), &[], "as many are kept as may live, and as the pool's maximum is"),
        (window(None, Some(16)), maximum, "one over the pool's maximum"),
        (window(Some(12), Some(12)), &[], "the window's own maximum"),
        (window(Some(13), Some(12)), &["window 1: its minimum is over its maximum, 12"], "one over it"),
        (window(Some(15), None), &[], "the pool's maximum"),
        (window(Some(16), None), &["window 1: its minimum is over its maximum, 15"], "one over it"),
        (json!({"lead_minutes": 0}), &[], "no lead"),
        (json!({"lead_minutes": 720}), &[], "the longest"),
        (json!({"lead_minutes": 721}), &["one.schedule.lead_minutes: takes 0 to 720"], "a minute more"),
    ] {
        assert_eq!(wrong(&schedule), told, "{why}");
    }
}

/// A window that is wrong by itself is held against no other.
#[test]
fn a_wrong_window_is_one_line_also_where_it_would_overlap_another() {
    let (mon, tue) = (&["mon"][..], &["tue"][..]);
    for (one, other, told) in [
        (
            (mon, "08:00", "08:00", 4),
            (mon, "07:00", "09:00", 5),
            "window 1: to: is the same time as `from`: the window would be open never or always",
        ),
        (
            (mon, "24:00", "06:00", 4),
            (tue, "00:00", "06:00", 5),
            "window 1: from: no window begins at \"24:00\"; midnight is \"00:00\" of the next day",
        ),
    ] {
        assert_eq!(wrong(&windows(&[one, other])), [told]);
    }
}

/// A plant that closes for weeks, or for a year.
#[test]
fn the_next_change_is_found_behind_holidays_of_any_length_up_to_a_year() {
    let first = Date::constant(2026, 7, 1);
    for (holidays, opens) in [
        (1, "2026-07-02T08:00:00Z"),
        (8, "2026-07-09T08:00:00Z"),
        (30, "2026-07-31T08:00:00Z"),
        (366, "2027-07-02T08:00:00Z"),
    ] {
        let closed: Vec<String> = (0..holidays).map(|day| shifted(first, day).to_string()).collect();
        let mut schedule = daily("UTC", "08:00", "19:00");
        schedule["holidays"] = json!(closed);
        let pools = pool(Some(&schedule)).unwrap();
        let evening = at("2026-06-30T19:00:00Z");
        assert_eq!(pools.hours(only(&pools)).next_change(evening), Some(at(opens)), "{holidays} days");
    }
}
