//! A Dockerfile, as far as the tests look into it: its stages, and the instructions of each.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// A file's stages, in their order.
#[derive(Debug)]
pub struct Dockerfile {
    /// The arguments before the first stage.
    pub arguments: Vec<Argument>,
    /// The stages.
    pub stages: Vec<BuildStage>,
}

/// `ARG`, with its default where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its default.
    pub default: Option<String>,
}

/// A stage: what it is built from, and what is done.
#[derive(Debug)]
pub struct BuildStage {
    /// What it is built from.
    pub from: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Instruction and the rest of its line, joined where it was continued.
    pub instructions: Vec<(String, String)>,
}

impl Dockerfile {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let mut it = Self { arguments: Vec::new(), stages: Vec::new() };
        for (instruction, rest) in instructions(text) {
            if instruction == "FROM" {
                let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
                let from = words.next().context("FROM nothing")?.to_owned();
                let name = words.nth(1).map(str::to_owned);
                it.stages.push(BuildStage { from, name, instructions: Vec::new() });
            } else if let Some(stage) = it.stages.last_mut() {
                stage.instructions.push((instruction, rest));
            } else {
                ensure!(instruction == "ARG", "{instruction} stands before the first stage");
                it.arguments.push(argument(&rest));
            }
        }
        ensure!(!it.stages.is_empty(), "it has no stage");
        Ok(it)
    }

    /// The stage of this name.
    pub fn stage(&self, name: &str) -> Option<&BuildStage> {
        self.stages.iter().find(|stage| stage.name.as_deref() == Some(name))
    }

    /// Every argument of the file, once.
    pub fn all_arguments(&self) -> Vec<Argument> {
        let of_stages = self.stages.iter().flat_map(|stage| stage.of("ARG")).map(argument);
        let mut all: Vec<Argument> = self.arguments.iter().cloned().chain(of_stages).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup();
        all
    }

    /// What is copied or built from and is no stage of the file and no argument: images, or contexts.
    pub fn outside(&self) -> Vec<String> {
        let mut outside: Vec<String> = Vec::new();
        for stage in &self.stages {
            let copied = stage.of("COPY").filter_map(|rest| {
                rest.split_whitespace().find_map(|word| word.strip_prefix("--from=")).map(str::to_owned)
            });
            outside.extend(std::iter::once(stage.from.clone()).chain(copied));
        }
        outside.retain(|name| !name.contains('$') && self.stage(name).is_none());
        outside
    }
}

impl BuildStage {
    /// The rest of each line of this instruction.
    pub fn of<'a>(&'a self, instruction: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions.iter().filter(move |(its, _)| its == instruction).map(|(_, rest)| rest.as_str())
    }

    /// The environment that it sets.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let pairs = self.of("ENV").flat_map(str::split_whitespace).filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// All that it runs, as one text with single spaces.
    pub fn run(&self) -> String {
        self.of("RUN").flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }
}

fn argument(rest: &str) -> Argument {
    match rest.trim().split_once('=') {
        Some((name, default)) => Argument { name: name.to_owned(), default: Some(default.to_owned()) },
        None => Argument { name: rest.trim().to_owned(), default: None },
    }
}

fn instructions(text: &str) -> Vec<(String, String)> {
    let mut instructions = Vec::new();
    let mut line = String::new();
    for part in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if let Some(continued) = part.trim_end().strip_suffix('\\') {
            line.push_str(continued);
            continue;
        }
        line.push_str(part);
        if let Some((instruction, rest)) = line.trim().split_once(' ') {
            instructions.push((instruction.to_uppercase(), rest.trim().to_owned()));
        }
        line.clear();
    }
    instructions
}
