//! Which word somebody meant who wrote another one.

/// From here on two words are alike, by Jaro and Winkler: a letter or two apart, or one the beginning of the other.
const ALIKE: f64 = 0.85;

/// Most words that are suggested.
const MOST: usize = 3;

/// The words that were meant, perhaps, each of them one of these: those that have the written one as a whole
/// part between underscores, else the one that is most like it.
pub(super) fn meant<'a>(written: &str, known: &[&'a str]) -> Vec<&'a str> {
    let inside: Vec<&str> = known.iter().copied().filter(|word| has_part(word, written)).collect();
    if (1..=MOST).contains(&inside.len()) {
        return inside;
    }
    let likeness = |word: &str| strsim::jaro_winkler(written, word);
    let nearest = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|word| likeness(word) >= ALIKE).into_iter().collect()
}

fn has_part(word: &str, part: &str) -> bool {
    word.strip_prefix(part).is_some_and(|rest| rest.starts_with('_'))
        || word.strip_suffix(part).is_some_and(|rest| rest.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_meant_that_is_alike_or_has_the_written_one_as_a_part() {
        let known = [
            "cpu_units",
            "memory_mib",
            "disk_gib",
            "maximum",
            "off_hours_maximum",
            "working_hours_minimum",
            "off_hours_minimum",
            "instance_types",
            "runners_per_instance",
            "labels",
        ];
        for (written, expected) in [
            ("memory", vec!["memory_mib"]),
            ("memory_mb", vec!["memory_mib"]),
            ("cpu", vec!["cpu_units"]),
            ("maximun", vec!["maximum"]),
            ("minimum", vec!["working_hours_minimum", "off_hours_minimum"]),
            ("instance_type", vec!["instance_types"]),
            ("label", vec!["labels"]),
            ("colour", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(meant(written, &known), expected, "{written}");
        }
    }
}
