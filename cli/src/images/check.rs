//! `mayfly images check`: one line for each pin, and whether a build may use them.

use jiff::civil::Date;

use super::age::{Age, Newer};
use super::lock::Lock;

/// What the pins are compared with.
#[derive(Debug, Clone)]
pub struct Against {
    /// Versions that are out, as the caller knows them.
    pub newer: Vec<Newer>,
    /// The day.
    pub today: Date,
    /// Whether an unknown pin is a problem: it is for a build or a deploy.
    pub for_build: bool,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFindings {
    /// A line for each pin.
    pub pins: Vec<String>,
    /// A line for each problem, with the way out.
    pub problems: Vec<String>,
}

/// Checks every pin.
pub fn check(lock: &Lock, against: &Against) -> ImageFindings {
    let mut findings = ImageFindings { pins: Vec::new(), problems: Vec::new() };
    let unknown = lock.unknown();
    for pin in pins(lock) {
        let newer = against.newer.iter().find(|newer| newer.name == pin.name);
        let age = Age::of(pin.version, pin.released, pin.looked, newer, against.today);
        let missing: Vec<&str> =
            unknown.iter().filter(|(name, _)| name == pin.name).map(|(_, field)| field.as_str()).collect();
        let known = match missing.as_slice() {
            [] => "known".to_owned(),
            missing => format!("unknown: {}", missing.join(", ")),
        };
        findings.pins.push(format!("{} {}: {age}; {known}", pin.name, pin.version));
        findings.problems.extend(too_old(&pin, &age));
        if against.for_build && !missing.is_empty() {
            findings.problems.push(format!(
                "{}: {} not known; `mayfly images update` looks it up, where the internet is",
                pin.name,
                missing.join(", ")
            ));
        }
    }
    findings.problems.extend(strangers(lock, against));
    findings
}

/// What all kinds of pins share.
struct Pin<'a> {
    name: &'a str,
    version: &'a str,
    released: Option<Date>,
    looked: Option<Date>,
    max_days: Option<i32>,
}

fn pins(lock: &Lock) -> Vec<Pin<'_>> {
    let downloads = lock.downloads().map(|(name, it)| Pin {
        name,
        version: &it.version,
        released: it.released,
        looked: it.looked,
        max_days: it.max_days,
    });
    let tag = |name, version, looked| Pin { name, version, released: None, looked, max_days: None };
    let images = lock.image.iter().map(|(name, it)| tag(name, &it.version, it.looked));
    let actions = lock.action.iter().map(|(name, it)| tag(name, &it.version, it.looked));
    downloads.chain(images).chain(actions).collect()
}

fn too_old(pin: &Pin<'_>, age: &Age) -> Option<String> {
    let most = pin.max_days?;
    if age.days().is_some_and(|days| days < most) {
        return None;
    }
    Some(format!(
        "{} {}: {age}, and it is not to be {most} days behind; `mayfly images update`, where the \
         internet is, then `make images` and `make deploy`",
        pin.name, pin.version
    ))
}

/// The `--newer` versions whose pins do not exist.
fn strangers(lock: &Lock, against: &Against) -> Vec<String> {
    let known: Vec<&str> = pins(lock).iter().map(|pin| pin.name).collect();
    let strangers = against.newer.iter().filter(|newer| !known.contains(&newer.name.as_str()));
    strangers
        .map(|newer| format!("{}: is not a pin; the pins are {}", newer.name, known.join(", ")))
        .collect()
}
