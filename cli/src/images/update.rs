//! `mayfly images update`: looks up every pin's current state, and writes it back with its comments.

use anyhow::{Context as _, Result, anyhow};
use jiff::civil::Date;
use toml_edit::{DocumentMut, Item, Table, value};

use super::lock::{ARCHITECTURES, BaseImage, Download, Lock, PinnedAction, UNKNOWN, is_hash};
use super::online::Online;

/// The result of an update.
#[derive(Debug)]
pub struct Updated {
    /// The new text of the file.
    pub text: String,
    /// A line for each pin that has changed.
    pub changed: Vec<String>,
    /// A line for each pin that could not be looked up and stays as it was.
    pub failed: Vec<String>,
}

/// Looks every pin up. A failed look-up does not keep the others from being written.
pub fn update(text: &str, online: &Online, today: Date) -> Result<Updated> {
    let lock = Lock::parse(text)?;
    let mut document: DocumentMut = text.parse()?;
    let (mut changed, mut failed) = (Vec::new(), Vec::new());
    let mut note = |name: &str, was: &[String], outcome: Result<Vec<String>>| match outcome {
        Ok(is) if is.as_slice() == was => {}
        Ok(is) => changed.push(format!("{name}: {} → {}", was.join(" "), is.join(" "))),
        Err(error) => failed.push(format!("{name}: {error:#}")),
    };
    for (name, pin) in &lock.release {
        let outcome = table(&mut document, "release", name).and_then(|it| release(it, pin, online, today));
        note(name, &hashes(pin), outcome);
    }
    for (name, pin) in &lock.archive {
        let outcome = table(&mut document, "archive", name).and_then(|it| archive(it, pin, online, today));
        note(name, &hashes(pin), outcome);
    }
    for (name, pin) in &lock.image {
        let outcome = table(&mut document, "image", name).and_then(|it| image(it, pin, online, today));
        note(name, std::slice::from_ref(&pin.digest), outcome);
    }
    for (name, pin) in &lock.action {
        let outcome = table(&mut document, "action", name).and_then(|it| action(it, pin, online, today));
        note(name, std::slice::from_ref(&pin.commit), outcome);
    }
    let text = document.to_string();
    Lock::parse(&text).context("what was looked up makes no lock")?;
    Ok(Updated { text, changed, failed })
}

/// What identifies a download: its version and both hashes.
fn hashes(pin: &Download) -> Vec<String> {
    [&pin.version, &pin.sha256.amd64, &pin.sha256.arm64].map(Clone::clone).to_vec()
}

fn table<'a>(document: &'a mut DocumentMut, kind: &str, name: &str) -> Result<&'a mut Table> {
    let table = document.get_mut(kind).and_then(|it| it.get_mut(name)).and_then(Item::as_table_mut);
    table.ok_or_else(|| anyhow!("is not a table [{kind}.{name}]"))
}

/// The newest release, with the hashes that GitHub publishes for its files.
fn release(table: &mut Table, pin: &Download, online: &Online, today: Date) -> Result<Vec<String>> {
    let repository = pin.repository.as_deref().context("has no repository")?;
    let newest = online.latest_release(repository)?;
    let version = newest.tag_name.strip_prefix('v').unwrap_or(&newest.tag_name).to_owned();
    let pin = Download { version: version.clone(), ..pin.clone() };
    let mut is = vec![version.clone()];
    for (_, arch) in pin.arch.each() {
        let url = pin.url_of(arch);
        let file = url.rsplit('/').next().unwrap_or_default();
        let hash = newest.sha256_of(file).filter(|hash| is_hash(hash, 64));
        is.push(hash.with_context(|| format!("GitHub says no hash of {file}"))?);
    }
    set(table, "version", &version);
    set(table, "released", &newest.published_at.strftime("%Y-%m-%d").to_string());
    write_hashes(table, &is, &format!("GitHub's API, release {}, {today}", newest.tag_name))?;
    set(table, "looked", &today.to_string());
    Ok(is)
}

/// Downloads and hashes the files whose hash is unknown. A known hash stays.
fn archive(table: &mut Table, pin: &Download, online: &Online, today: Date) -> Result<Vec<String>> {
    let mut is = vec![pin.version.clone()];
    for ((_, arch), (_, known)) in pin.arch.each().into_iter().zip(pin.sha256.each()) {
        is.push(if known == UNKNOWN { online.sha256(&pin.url_of(arch))? } else { known.to_owned() });
    }
    if is != hashes(pin) {
        write_hashes(table, &is, &format!("the file, downloaded and hashed, {today}"))?;
    }
    Ok(is)
}

fn image(table: &mut Table, pin: &BaseImage, online: &Online, today: Date) -> Result<Vec<String>> {
    let digest = online.image_digest(&pin.repository, &pin.version)?;
    tagged(table, "digest", (&pin.digest, &digest), "the registry", today);
    Ok(vec![digest])
}

fn action(table: &mut Table, pin: &PinnedAction, online: &Online, today: Date) -> Result<Vec<String>> {
    let commit = online.commit(&pin.repository, &pin.version)?;
    tagged(table, "commit", (&pin.commit, &commit), "GitHub's API", today);
    Ok(vec![commit])
}

/// What a tag names today. If it has not moved, its source stays.
fn tagged(table: &mut Table, field: &str, (was, is): (&str, &str), who: &str, today: Date) {
    if was != is {
        set(table, field, is);
        set(table, "source", &format!("{who}, {today}"));
    }
    set(table, "looked", &today.to_string());
}

/// Writes the hashes after the version, and the source of those that are new.
fn write_hashes(table: &mut Table, versioned: &[String], source: &str) -> Result<()> {
    for (architecture, hash) in ARCHITECTURES.into_iter().zip(versioned.iter().skip(1)) {
        let known = part(table, "sha256")?;
        let is_new = known.get(architecture).and_then(Item::as_str) != Some(hash);
        set(known, architecture, hash);
        if is_new {
            let sources = table.entry("source").or_insert_with(|| Item::Table(Table::new()));
            set(sources.as_table_mut().context("its source is not a table")?, architecture, source);
        }
    }
    // Together, the two form a complete table of sources.
    for architecture in ARCHITECTURES {
        let sources = table.get_mut("source").and_then(Item::as_table_mut);
        if let Some(sources) = sources.filter(|sources| !sources.contains_key(architecture)) {
            set(sources, architecture, UNKNOWN);
        }
    }
    Ok(())
}

fn part<'a>(table: &'a mut Table, name: &str) -> Result<&'a mut Table> {
    let part = table.get_mut(name).and_then(Item::as_table_mut);
    part.with_context(|| format!("{name} is not a table"))
}

/// Sets a text. Everything around it stays, including a comment behind it.
fn set(table: &mut Table, key: &str, text: &str) {
    let decor = table.get(key).and_then(Item::as_value).map(|value| value.decor().clone());
    let mut item = value(text);
    if let (Some(decor), Some(written)) = (decor, item.as_value_mut()) {
        *written.decor_mut() = decor;
    }
    table.insert(key, item);
}
