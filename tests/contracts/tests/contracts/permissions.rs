//! The functions' code and `template.yaml`, held together: permissions, variables, parameters.
//!
//! A function that takes one more port, variable or folder of parameters fails here until the template
//! gives it that, and a template that gives more than the code asks for fails as well. Whether AWS knows the
//! actions, on these resources, is held against its reference in `infra/tests/test_authorisation.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use contracts::permissions::{EVERY_FUNCTION, LISTED, PORTS, WITH_RUN_TASK};
use contracts::template;
use serde_json::Value;

fn folder_of(function: &str) -> PathBuf {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    functions.join(function.to_lowercase()).join("src")
}

/// All of a function's code.
fn code_of(function: &str) -> String {
    let files = fs::read_dir(folder_of(function)).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.is_file()).map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// The functions of the template, by the first word of their logical ids.
fn functions(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().unwrap().iter();
    let functions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions.map(|(id, _)| id.strip_suffix("Function").unwrap().to_owned()).collect()
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn statements<'a>(template: &'a Value, function: &str) -> Vec<&'a Value> {
    let policies =
        template["Resources"][format!("{function}Role")]["Properties"]["Policies"].as_array().unwrap();
    let statements = policies.iter().flat_map(|policy| one_or_many(&policy["PolicyDocument"]["Statement"]));
    // One that a condition gives is given.
    statements.map(|statement| statement.pointer("/Fn::If/1").unwrap_or(statement)).collect()
}

/// The ports that a function's code takes.
fn ports_of(code: &str) -> BTreeSet<&'static str> {
    let uses = code.split("use fleet::ports::").skip(1).map(|rest| rest.split(';').next().unwrap());
    let named: BTreeSet<&str> = uses.flat_map(|list| list.split(|c: char| !c.is_alphanumeric())).collect();
    PORTS.iter().map(|(port, _)| *port).filter(|port| named.contains(port)).collect()
}

/// What is quoted in the code and begins so.
fn quoted(code: &str, start: &str) -> BTreeSet<String> {
    let quoted = code.split('"').filter(|text| text.starts_with(start));
    quoted
        .filter(|text| text.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_function_is_of_the_template_and_has_its_code() {
    let template = template::read();
    for function in functions(&template) {
        assert!(folder_of(&function).is_dir(), "{function} has no crate in functions/");
    }
    let deployed = functions(&template).len();
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let folders = fs::read_dir(functions).unwrap().count();
    assert_eq!(folders, deployed, "each crate in functions/ is deployed");
}

#[test]
fn a_function_may_do_what_its_ports_do_and_what_is_listed() {
    let template = template::read();
    for function in functions(&template) {
        let code = code_of(&function);
        let ports = ports_of(&code);
        let of_ports =
            PORTS.iter().filter(|(port, _)| ports.contains(port)).flat_map(|(_, actions)| *actions);
        let launches = if ports.contains("RunTask") { WITH_RUN_TASK } else { &[] };
        let listed = LISTED.iter().filter(|(name, _)| *name == function).flat_map(|(_, actions)| *actions);
        let expected: BTreeSet<&str> =
            of_ports.chain(EVERY_FUNCTION).chain(launches).chain(listed).copied().collect();
        let granted: BTreeSet<&str> = statements(&template, &function)
            .into_iter()
            .flat_map(|statement| one_or_many(&statement["Action"]))
            .map(|action| action.as_str().unwrap())
            .collect();
        assert_eq!(granted, expected, "{function}");
    }
}

#[test]
fn the_template_sets_the_variables_that_the_code_reads() {
    let template = template::read();
    let names = |function: &Value| -> BTreeSet<String> {
        function["Environment"]["Variables"].as_object().unwrap().keys().cloned().collect()
    };
    let of_all = names(&template["Globals"]["Function"]);
    let boot = ["MAYFLY_PARAMETERS", "MAYFLY_MAP", "MAYFLY_METRICS_NAMESPACE"].map(str::to_owned);
    assert_eq!(of_all, boot.into_iter().collect());
    for function in functions(&template) {
        let set = names(&template["Resources"][format!("{function}Function")]["Properties"]);
        let code = code_of(&function);
        let of_costs = code.contains("boot.costs()").then(|| "MAYFLY_COST_LOGS".to_owned());
        let read: BTreeSet<String> = quoted(&code, "MAYFLY_").into_iter().chain(of_costs).collect();
        assert_eq!(set, read, "{function}");
    }
}

#[test]
fn a_function_may_read_the_secrets_that_its_settings_are_made_of() {
    let template = template::read();
    for function in functions(&template) {
        let settings = fs::read_to_string(folder_of(&function).join("settings.rs")).unwrap();
        let words = settings.split("folder::").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap();
            rest[..end].to_lowercase().replace('_', "-")
        });
        let read: BTreeSet<String> = words.collect();
        let statements = statements(&template, &function);
        let may =
            statements.iter().find(|statement| statement["Action"] == "ssm:GetParametersByPath").unwrap();
        let may = one_or_many(&may["Resource"])
            .into_iter()
            .map(|resource| resource["Fn::Sub"].as_str().unwrap().rsplit('/').next().unwrap().to_owned());
        assert_eq!(may.collect::<BTreeSet<String>>(), read, "{function}");
    }
}
