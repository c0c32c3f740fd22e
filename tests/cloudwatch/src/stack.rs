//! The alarms and the dashboard of the templates, expanded as CloudFormation does it.

use std::collections::BTreeMap;

use kit::template::read_file;
pub use kit::template::root;
use serde_json::Value;

use crate::alarm::Alarm;

/// The templates with alarms on metrics of ours.
const TEMPLATES: [&str; 2] = ["observability", "pools"];

/// A template as JSON, with its loops unrolled.
fn expanded(name: &str) -> Value {
    let mut template = read_file(&format!("infra/{name}.yaml"));
    template["Resources"] = unrolled(&template["Resources"]);
    template
}

/// Resources with each `Fn::ForEach` done, as `AWS::LanguageExtensions` does it: the name of its variable stands for each
/// of its values.
fn unrolled(resources: &Value) -> Value {
    let mut all = serde_json::Map::new();
    for (id, resource) in resources.as_object().unwrap() {
        let [variable, values, body] = resource.as_array().map_or(&[][..], Vec::as_slice) else {
            all.insert(id.clone(), resource.clone());
            continue;
        };
        for value in values.as_array().unwrap() {
            let (variable, value) = (variable.as_str().unwrap(), value.as_str().unwrap());
            let reference = format!("{{\"Ref\":\"{variable}\"}}");
            let body = body.to_string().replace(&reference, &format!("\"{value}\""));
            let body = body.replace(&format!("${{{variable}}}"), value);
            all.extend(serde_json::from_str::<serde_json::Map<_, _>>(&body).unwrap());
        }
    }
    Value::Object(all)
}

/// A value with what a template says of itself: its mappings, and the stack's name.
fn value(template: &Value, value: &Value) -> Value {
    if let Some([map, of, key]) = value["Fn::FindInMap"].as_array().map(Vec::as_slice) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        return template["Mappings"][text(map)][text(of)][text(key)].clone();
    }
    match value {
        Value::Object(object) if object.len() == 1 && object.contains_key("Fn::Sub") => object["Fn::Sub"]
            .as_str()
            .map_or_else(|| value.clone(), |it| it.replace("${Name}", "mayfly").into()),
        Value::Object(object) => {
            object.iter().map(|(key, it)| (key.clone(), self::value(template, it))).collect()
        }
        Value::Array(values) => values.iter().map(|it| self::value(template, it)).collect(),
        _ => value.clone(),
    }
}

/// Every alarm by its logical id, of a stack of the usual name.
pub fn alarms() -> BTreeMap<String, Alarm> {
    let mut alarms = BTreeMap::new();
    for template in TEMPLATES.map(expanded) {
        let resources = template["Resources"].as_object().unwrap();
        for (id, resource) in resources.iter().filter(|(_, it)| it["Type"] == "AWS::CloudWatch::Alarm") {
            let properties = value(&template, &resource["Properties"]);
            let alarm = serde_json::from_value(properties).unwrap_or_else(|error| panic!("{id}: {error}"));
            alarms.insert(id.clone(), alarm);
        }
    }
    alarms
}

/// The body of the dashboard; the name of a parameter or of a resource stands for its value.
pub fn dashboard() -> Value {
    let template = expanded("observability");
    let body = template["Resources"]["Overview"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let (before, parts) = body.split_once("${").unwrap();
    let named = parts.split("${").map(|part| part.replacen('}', "", 1));
    serde_json::from_str(&named.fold(before.to_owned(), |text, part| text + &part)).unwrap()
}
