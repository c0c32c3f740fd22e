//! `template.yaml` and its nested templates, as JSON.

use std::io::Write as _;
use std::path::Path;

use kit::template::read_path;
pub use kit::template::{read_file, root};
use serde_json::Value;

/// `template.yaml` as JSON.
pub fn read() -> Value {
    read_file("template.yaml")
}

/// The same, with what is put aside while the map has none of it: dependency caches.
pub fn read_whole() -> Value {
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let whole: Vec<&str> = text.lines().map(|line| line.strip_prefix("#~").unwrap_or(line)).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(whole.join("\n").as_bytes()).unwrap();
    read_path(file.path())
}

/// Every template by its path from the root: `template.yaml`, and the nested ones.
pub fn all() -> Vec<(String, Value)> {
    let nested = root().join("infra").read_dir().unwrap().map(|file| file.unwrap().file_name());
    let names = nested.map(|name| format!("infra/{}", name.to_str().unwrap()));
    let names = names.filter(|name| Path::new(name).extension().is_some_and(|it| it == "yaml"));
    let names = std::iter::once("template.yaml".to_owned()).chain(names);
    names.map(|name| (name.clone(), read_file(&name))).collect()
}

/// The resources of a template by their logical ids, also those that a loop makes.
pub fn resources(template: &Value) -> Vec<(&str, &Value)> {
    unrolled(&template["Resources"])
}

fn unrolled(resources: &Value) -> Vec<(&str, &Value)> {
    let each = resources.as_object().unwrap().iter();
    each.flat_map(
        |(id, it)| if id.starts_with("Fn::ForEach::") { unrolled(&it[2]) } else { vec![(id.as_str(), it)] },
    )
    .collect()
}
