//! `images/docker-bake.hcl`, as buildx reads it: its variables put in, and each target with what it inherits
//! (Docker: "Bake file reference"). Only what the file uses is known here.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use hcl::eval::{Context, Evaluate as _};
use hcl::{Body, Value};

/// The file, with values for its variables.
#[derive(Debug)]
pub struct Bake {
    /// The variables that have no default.
    pub required: Vec<String>,
    /// The targets of the group `default`.
    pub default: Vec<String>,
    /// Each target that is no part of others alone, whole.
    pub targets: BTreeMap<String, Target>,
}

/// A target: its attributes, as values.
pub type Target = hcl::Map<String, Value>;

impl Bake {
    /// Reads the file. A variable that is not among the values has its default, or is `<name>`.
    pub fn read(values: &BTreeMap<String, String>) -> Result<Self> {
        let file = crate::root().join("images/docker-bake.hcl");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Self::parse(&text, values).with_context(|| file.display().to_string())
    }

    fn parse(text: &str, values: &BTreeMap<String, String>) -> Result<Self> {
        let body: Body = hcl::parse(text)?;
        let (mut context, mut required) = (Context::new(), Vec::new());
        for (name, variable) in blocks(&body, "variable") {
            let default = variable.attributes().find(|it| it.key() == "default").map(|it| it.expr().clone());
            let value = match (values.get(&name), default) {
                (Some(value), _) => Value::from(value.clone()),
                (None, Some(default)) => default.evaluate(&context)?,
                (None, None) => Value::from(format!("<{name}>")),
            };
            if !variable.attributes().any(|it| it.key() == "default") {
                required.push(name.clone());
            }
            context.declare_var(name, value);
        }
        let mut own: BTreeMap<String, Target> = BTreeMap::new();
        for (name, target) in blocks(&body, "target") {
            let attributes =
                target.attributes().map(|it| Ok((it.key().to_owned(), it.expr().evaluate(&context)?)));
            own.insert(name, attributes.collect::<Result<_>>()?);
        }
        let mut default = Vec::new();
        for (_, group) in blocks(&body, "group").into_iter().filter(|(name, _)| name == "default") {
            for attribute in group.attributes().filter(|it| it.key() == "targets") {
                default = texts(&attribute.expr().evaluate(&context)?);
            }
        }
        let names = own.keys().filter(|name| !name.starts_with('_'));
        let targets = names.map(|name| Ok((name.clone(), whole(name, &own)?))).collect::<Result<_>>()?;
        Ok(Self { required, default, targets })
    }
}

/// A target with what it inherits: what it says itself wins, and of tables each entry by itself.
fn whole(name: &str, own: &BTreeMap<String, Target>) -> Result<Target> {
    let Some(target) = own.get(name) else { bail!("{name} is not a target") };
    let mut it = Target::new();
    for parent in target.get("inherits").map(texts).unwrap_or_default() {
        merge(&mut it, &whole(&parent, own)?);
    }
    merge(&mut it, target);
    it.shift_remove("inherits");
    Ok(it)
}

fn merge(into: &mut Target, from: &Target) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(table)), Value::Object(more)) => table.extend(more.clone()),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn blocks<'a>(body: &'a Body, kind: &str) -> Vec<(String, &'a Body)> {
    let blocks = body.blocks().filter(|block| block.identifier() == kind);
    blocks.filter_map(|it| Some((it.labels().first()?.as_str().to_owned(), it.body()))).collect()
}

/// The texts of a list.
pub fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The texts of a table.
pub fn table(target: &Target, key: &str) -> BTreeMap<String, String> {
    let entries = target.get(key).and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
