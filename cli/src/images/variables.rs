//! `mayfly images variables`: the pins as the variables of `images/docker-bake.hcl`.

use anyhow::{Result, ensure};

use super::lock::Lock;

/// Each variable with its value. Fails where a pin is unknown.
pub fn variables(lock: &Lock) -> Result<Vec<(String, String)>> {
    let unknown: Vec<String> = lock.unknown().iter().map(|(name, field)| format!("{name}.{field}")).collect();
    ensure!(unknown.is_empty(), "not known: {}; `mayfly images update` looks it up", unknown.join(", "));
    let mut variables = Vec::new();
    for (name, download) in lock.downloads() {
        variables.push((format!("{}_VERSION", upper(name)), download.version.clone()));
        // GitHub takes a version of its runner for some days after the next: a task says how old its own may be.
        if download.max_days.is_some() {
            let day = download.looked.max(download.released).map(|day| day.to_string());
            variables.push((format!("{}_CURRENT_ON", upper(name)), day.unwrap_or_default()));
        }
        for (architecture, hash) in download.sha256.each() {
            variables.push((format!("{}_SHA256_{}", upper(name), upper(architecture)), hash.to_owned()));
        }
    }
    for (name, image) in &lock.image {
        let reference = format!("docker.io/{}:{}@{}", image.repository, image.version, image.digest);
        variables.push((format!("{}_IMAGE", upper(name)), reference));
    }
    let actions = lock.action.values().map(|action| format!("{}@{}", action.repository, action.commit));
    variables.push(("ACTIONS".to_owned(), actions.collect::<Vec<_>>().join(" ")));
    Ok(variables)
}

fn upper(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}
