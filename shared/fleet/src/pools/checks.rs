//! What the fields of a pool have to do with each other.

use super::fields::Fields;
use super::instances::{About, Finding};
use super::{Architecture, CapacityProvider, Pool, fargate_sizes};
use crate::label::{LABEL_LENGTH_LIMIT, LABEL_LIMIT, Label, Labels};
use crate::quote;

pub(super) fn check_labels(labels: &[String], architecture: Option<Architecture>, fields: &mut Fields<'_>) {
    for (place, text) in labels.iter().enumerate() {
        let label = Label::new(text);
        if label.as_str().is_empty() || label.as_str().contains(',') || !quote::is_visible(label.as_str()) {
            let quoted = quote::quoted(text);
            let problem =
                format!("{quoted} is not a label: a label is one or more visible characters, no comma");
            fields.note_item("labels", place, problem);
        }
        if let Some(sign) = look_alike(label.as_str()) {
            let code = u32::from(sign);
            let warning =
                format!("{label} has {sign} (U+{code:04X}) among Latin letters: no job may ask for it");
            fields.warn("labels", Some(place), warning);
        }
        if label.as_str().chars().count() > LABEL_LENGTH_LIMIT {
            fields.note_item("labels", place, format!("a label has at most {LABEL_LENGTH_LIMIT} characters"));
        }
        if let (Some(named), Some(own)) = (Pool::architecture_of(&label), architecture)
            && named != own
        {
            let problem = format!("{label} names {named}, but the pool's architecture is {own}");
            fields.note_item("labels", place, problem);
        }
    }
    if labels.iter().collect::<Labels>().len() > LABEL_LIMIT - 10 {
        fields.note(
            "labels",
            format!("a runner carries at most {LABEL_LIMIT}, and up to 10 are added to these"),
        );
    }
}

/// The first letter of another script in a word that has Latin ones: most likely it only looks like one of them.
fn look_alike(word: &str) -> Option<char> {
    const LAST_LATIN: char = '\u{24f}';
    let is_latin = word.chars().any(|sign| sign.is_ascii_alphabetic());
    word.chars().find(|sign| is_latin && sign.is_alphabetic() && *sign > LAST_LATIN)
}

/// A runner group is looked for by its name, as it is written.
pub(super) fn check_group(group: &str, fields: &mut Fields<'_>) {
    if group.trim().is_empty() {
        fields.note("runner_group", "is empty; name a runner group of the organisation");
    } else if group.trim() != group || !quote::is_visible(group) {
        let quoted = quote::quoted(group);
        let problem =
            format!("{quoted} has spaces around it, or what cannot be seen: write the group's name alone");
        fields.note("runner_group", problem);
    }
}

/// Checks as much of a task's size as could be read.
pub(super) fn check_size(
    capacity: CapacityProvider,
    cpu_units: Option<u32>,
    memory_mib: Option<u32>,
    disk_gib: Option<u32>,
    fields: &mut Fields<'_>,
) {
    if !capacity.is_fargate() {
        let sizes = [("cpu_units", cpu_units), ("memory_mib", memory_mib), ("disk_gib", disk_gib)];
        for (field, _) in sizes.into_iter().filter(|(_, size)| *size == Some(0)) {
            fields.note(field, "takes more than 0");
        }
        return;
    }
    if let Some((field, problem)) = cpu_units.and_then(|cpu| fargate_sizes::problem(cpu, memory_mib)) {
        fields.note(field, problem);
    }
    if disk_gib.is_some_and(|disk| !fargate_sizes::DISK_GIB.contains(&disk)) {
        let (least, most) = (fargate_sizes::DISK_GIB.start(), fargate_sizes::DISK_GIB.end());
        fields.note("disk_gib", format!("Fargate takes {least} to {most} GiB"));
    }
}

pub(super) fn note_found(findings: Vec<Finding>, fields: &mut Fields<'_>) {
    for finding in findings {
        let (field, place) = match finding.about {
            About::Type(place) => ("instance_types", Some(place)),
            About::Runners => ("runners_per_instance", None),
        };
        match (finding.is_certain, place) {
            (true, Some(place)) => fields.note_item(field, place, finding.message),
            (true, None) => fields.note(field, finding.message),
            (false, _) => fields.warn(field, place, finding.message),
        }
    }
}

pub(super) fn check_instances(
    capacity: CapacityProvider,
    types: Option<&[String]>,
    each: Option<u32>,
    fields: &mut Fields<'_>,
) {
    if capacity.is_fargate() {
        if types.is_some() {
            fields.note("instance_types", "belongs to an EC2 pool; Fargate has no instances");
        }
        if each.is_some() {
            fields.note("runners_per_instance", "belongs to an EC2 pool; Fargate has no instances");
        }
        return;
    }
    if types.is_none_or(<[String]>::is_empty) {
        fields.note("instance_types", "an EC2 pool names at least one instance type");
    }
    if each.is_none_or(|each| each == 0) {
        fields.note("runners_per_instance", "an EC2 pool says how many runners fit, at least 1");
    }
}
