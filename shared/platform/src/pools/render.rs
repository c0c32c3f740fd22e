//! Renders the pools into a template, from the map.
//!
//! A template has marked sections, from a line `# <mayfly pools render: NAME>` to a line
//! `# </mayfly pools render>`. Each is rewritten; the rest of the template stays as it is.
//!
//! What loops over pools of a kind lies between `# <mayfly pools only: KIND>` and `# </mayfly pools only>`. While
//! the map has no such pool it is put aside: its lines become comments. `Fn::ForEach` over an empty list is
//! nothing that AWS documents, and cfn-lint refuses it (aws-cloudformation/cfn-lint#3762). `caches` is a kind, too:
//! without a group of repositories there is no dependency cache. Such a part may lie in another. So are `runtimes`, and by the way in which they
//! come to pools `runtimes-s3` and `runtimes-efs`.

mod caches;
mod runtimes;

use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};
use fleet::pools::RuntimesFrom;
use fleet::{Architecture, CapacityProvider, Pool, PoolMap};

const BEGIN: &str = "# <mayfly pools render: ";
const END: &str = "# </mayfly pools render>";

const BEGIN_ONLY: &str = "# <mayfly pools only: ";
const END_ONLY: &str = "# </mayfly pools only>";

/// What a line begins with that was put aside.
const ASIDE: &str = "#~";

/// Rewrites the sections of a template.
pub fn render(template: &str, pools: &PoolMap) -> Result<String> {
    let mut rendered = String::new();
    let mut lines = template.lines().map(|line| line.strip_prefix(ASIDE).unwrap_or(line));
    while let Some(line) = lines.next() {
        writeln!(rendered, "{line}")?;
        let trimmed = line.trim_start();
        let Some(name) = trimmed.strip_prefix(BEGIN) else { continue };
        let name = name.trim_end_matches('>');
        let indent = line.strip_suffix(trimmed).unwrap_or_default();
        for written in section(name, pools)?.lines() {
            writeln!(rendered, "{indent}{written}")?;
        }
        ensure!(lines.any(|line| line.trim() == END), "the section {name} does not end with {END}");
        writeln!(rendered, "{indent}{END}")?;
    }
    let has_any = rendered.contains(BEGIN) || rendered.contains(BEGIN_ONLY);
    ensure!(has_any, "there is no section in it, which begins with {BEGIN}NAME>");
    put_aside(&rendered, pools)
}

/// Makes comments of what is only for pools that the map does not have.
fn put_aside(template: &str, pools: &PoolMap) -> Result<String> {
    let mut written = String::new();
    // Of each section that the line is in, the outermost first: whether the map lacks what it is for.
    let mut sections: Vec<bool> = Vec::new();
    for line in template.lines() {
        let trimmed = line.trim_start();
        if trimmed == END_ONLY {
            ensure!(sections.pop().is_some(), "a line {END_ONLY} ends nothing");
        }
        let aside = if sections.contains(&true) && !trimmed.is_empty() { ASIDE } else { "" };
        writeln!(written, "{aside}{line}")?;
        if let Some(kind) = trimmed.strip_prefix(BEGIN_ONLY) {
            sections.push(match kind.trim_end_matches('>') {
                "fargate" => on_fargate(pools).next().is_none(),
                "ec2" => on_instances(pools).next().is_none(),
                "caches" => pools.caches().is_empty(),
                "runtimes" => !runtimes::are_published(pools),
                "runtimes-s3" => !runtimes::come_from(pools, RuntimesFrom::S3),
                "runtimes-efs" => !runtimes::come_from(pools, RuntimesFrom::Efs),
                other => bail!("{other} is not a kind: fargate, ec2, caches and runtimes are"),
            });
        }
    }
    ensure!(sections.is_empty(), "what is only for some pools does not end with {END_ONLY}");
    Ok(written)
}

/// Every pool of the map: one with `maximum = 0` stays in the template.
pub(super) fn all(pools: &PoolMap) -> impl Iterator<Item = &Pool> {
    pools.with_retiring()
}

fn on_fargate(pools: &PoolMap) -> impl Iterator<Item = &Pool> {
    all(pools).filter(|pool| pool.capacity.is_fargate())
}

/// The EC2 pools, each with a capacity provider of its own.
pub(super) fn on_instances(pools: &PoolMap) -> impl Iterator<Item = &Pool> {
    all(pools).filter(|pool| !pool.capacity.is_fargate())
}

fn section(name: &str, pools: &PoolMap) -> Result<String> {
    Ok(match name {
        "mappings" => mappings(pools)?,
        "fargate-pools" => list(on_fargate(pools)),
        "ec2-pools" => list(on_instances(pools)),
        "capacity-providers" => providers(on_instances(pools)),
        "revisions" => revisions(pools),
        "without-images" => without_images(pools),
        "cache-roles" => caches::roles(pools),
        "cache-table" => caches::table(pools),
        "runtimes-mounts" => runtimes::mounts(pools),
        "runtimes-publishers" => runtimes::publishers(pools),
        "runtimes-command" => runtimes::command(pools),
        other => bail!("{other} is not a section that is made from the pools"),
    })
}

/// The collection of a `Fn::ForEach`.
fn list<'a>(pools: impl Iterator<Item = &'a Pool>) -> String {
    let ids: Vec<String> = pools.map(|pool| word(&logical_id(pool))).collect();
    format!("- [{}]", ids.join(", "))
}

fn providers<'a>(pools: impl Iterator<Item = &'a Pool>) -> String {
    let references: Vec<String> =
        pools.map(|pool| format!("- !Ref CapacityProvider{}", logical_id(pool))).collect();
    if references.is_empty() { "[]".to_owned() } else { references.join("\n") }
}

/// A pool's name as a part of logical ids.
pub(super) fn logical_id(pool: &Pool) -> String {
    without_dashes(pool.name.as_str())
}

/// A name as a part of logical ids, which have no dashes: `ec2-x64` is `Ec2X64`.
fn without_dashes(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capitalised).collect()
}

/// A word that stays a text in YAML, also where YAML 1.1 reads another value.
fn word(text: &str) -> String {
    let values = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let quoted = values.contains(&text.to_ascii_lowercase().as_str());
    if quoted { format!("\"{text}\"") } else { text.to_owned() }
}

fn mappings(pools: &PoolMap) -> Result<String> {
    let mut text = "Mappings:\n  Pools:\n".to_owned();
    for pool in all(pools) {
        writeln!(text, "    {}:", word(&logical_id(pool)))?;
        for (key, value) in values(pool).into_iter().chain(runtimes::values(pool, pools)) {
            writeln!(text, "      {key}: {value}")?;
        }
    }
    Ok(text)
}

/// The values of one pool, as YAML.
fn values(pool: &Pool) -> Vec<(&'static str, String)> {
    let (architecture, ami) = match pool.architecture {
        Architecture::X86_64 => ("X86_64", 0),
        Architecture::Arm64 => ("ARM64", 1),
    };
    let text = |value: u32| format!("\"{value}\"");
    let mut values = vec![
        ("Name", word(pool.name.as_str())),
        ("Architecture", architecture.to_owned()),
        ("Cpu", text(pool.cpu_units)),
        ("Memory", text(pool.memory_mib)),
        ("Disk", pool.disk_gib.to_string()),
    ];
    // Without one the template's parameters say which.
    values.extend(pool.image.iter().map(|image| ("Image", format!("\"{image}\""))));
    if let Some(each) = pool.runners_per_instance {
        let on_demand = if pool.capacity == CapacityProvider::Ec2Spot { 0 } else { 100 };
        // One more than the runners need: an instance that drains takes nobody.
        let instances = if pool.maximum == 0 { 0 } else { pool.maximum.div_ceil(each) + 1 };
        values.extend([
            ("AmiNumber", text(ami)),
            ("InstanceTypes", format!("[{}]", pool.instance_types.join(", "))),
            ("MaxInstances", text(instances)),
            ("OnDemandPercentage", on_demand.to_string()),
        ]);
    }
    values
}

/// The revision of each pool's task definition, which stands at the end of its ARN.
fn revisions(pools: &PoolMap) -> String {
    let each = all(pools).map(|pool| {
        let (name, id) = (&pool.name, logical_id(pool));
        format!(
            "!Sub ['\"{name}\":${{Revision}}', {{Revision: !Select [6, !Split [\":\", !Ref TaskDefinition{id}]]}}]"
        )
    });
    let each: Vec<String> = each.collect();
    format!("Revisions: !Join\n  - \",\"\n  - - {}\n", each.join("\n    - "))
}

/// Says of each image that is missing which pools start nothing without it.
fn without_images(pools: &PoolMap) -> String {
    let in_service = |pool: &&Pool| pool.maximum > 0;
    let needs_one = |pool: &&Pool| pool.image.is_none() && in_service(pool);
    let needs: [(&str, Vec<&Pool>); 3] = [
        ("RunnerImage", on_fargate(pools).filter(needs_one).collect()),
        ("RunnerDockerImage", on_instances(pools).filter(needs_one).collect()),
        ("DockerdImage", on_instances(pools).filter(in_service).collect()),
    ];
    let each = needs.into_iter().map(|(image, pools)| {
        let names: Vec<&str> = pools.iter().map(|pool| pool.name.as_str()).collect();
        let said = match names.as_slice() {
            [] => "no pool needs it".to_owned(),
            [one] => format!("{one} starts nothing"),
            several => format!("{} start nothing", several.join(", ")),
        };
        format!("!If [Has{image}, \"\", \"{image} is empty: {said}. \"]")
    });
    let each: Vec<String> = each.collect();
    format!("Value: !Join\n  - \"\"\n  - - {}\n", each.join("\n    - "))
}
