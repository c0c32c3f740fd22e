//! The sample events agree with one another: payload, sidecar, wrapped event, README.

use std::fs;
use std::path::Path;

use mayfly::DEVELOPMENT_SECRET;
use mayfly::delivery_file::{DeliveryFile, files};

fn events() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("events")
}

#[test]
fn the_readme_says_of_each_file_what_the_file_beside_it_tells() {
    let readme = fs::read_to_string(events().join("README.md")).unwrap();
    let files = files(&events().join("github")).unwrap();
    for file in &files {
        let source = DeliveryFile::read(file).unwrap();
        let tells = source.sidecar.unwrap_or_else(|| panic!("{} has no sidecar", file.display())).tells;
        let row = format!("| `{}.json` | {tells} |", source.name);
        assert!(readme.contains(&row), "events/README.md lacks the row\n{row}");
    }
    let rows = readme.lines().filter(|line| line.starts_with("| `") && line.contains(".json` |")).count();
    assert_eq!(rows, files.len(), "a row without a file");
}

#[test]
fn the_wrapped_events_are_those_that_wrap_makes() {
    let files = files(&events().join("github")).unwrap();
    for file in &files {
        let source = DeliveryFile::read(file).unwrap();
        let wrapped = events().join("lambda").join(format!("{}.json", source.name));
        let kept = fs::read_to_string(&wrapped)
            .unwrap_or_else(|_| panic!("{} is missing; run `make wrap`", wrapped.display()));
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(
            kept,
            source.function_url_event(&DEVELOPMENT_SECRET.into()),
            "{}; run `make wrap`",
            source.name
        );
    }
    assert_eq!(
        mayfly::delivery_file::files(&events().join("lambda")).unwrap().len(),
        files.len(),
        "a wrapped event without a payload"
    );
}

#[test]
fn a_duplicate_is_the_same_bytes() {
    let read = |name: &str| fs::read(events().join("github").join(name)).unwrap();
    assert_eq!(read("queued-fargate-x64.json"), read("queued-fargate-x64-duplicate.json"));
}
