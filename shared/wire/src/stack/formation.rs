//! The stack of `template.yaml`, deployed into an emulator.
//!
//! The templates are rendered from a pool map, expanded by the libraries that CloudFormation's
//! transforms are published as, and deployed by `shared/wire/emulators/deploy.py`; what an emulator lacks is listed in
//! its `gaps.json` beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ministack::Ministack;
use crate::moto::Moto;
use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use platform::pools::{map_text, rendered_text};

/// What the stack is given, beside the parameters that have defaults.
const PARAMETERS: [&str; 5] = [
    "Organisation=octo-org",
    "GitHubAppId=1",
    "RunnerImage=registry.example/runner",
    "RunnerDockerImage=registry.example/runner-docker",
    "DockerdImage=registry.example/dockerd",
];

/// The file of the layer that the functions read.
const MAP: &str = "pools.json";

/// The templates of one pool map, expanded.
#[derive(Debug)]
pub struct Templates {
    folder: TempDir,
}

impl Templates {
    /// Renders and expands the templates. `map` is the pool map, in the form of `pools.toml`.
    pub fn of_map(map: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let rendered = folder.path().join("pools.yaml");
        let pools = root().join("infra/pools.yaml");
        let template = std::fs::read_to_string(&pools).with_context(|| pools.display().to_string())?;
        std::fs::write(&rendered, rendered_text(map, &template)?)?;
        std::fs::write(folder.path().join(MAP), map_text(map)?)?;
        let expanded = Self { folder };
        let mut command = python(".tools/template")?;
        command.arg(root().join("infra/bin/expand.py")).arg(expanded.folder()).arg(rendered);
        command.arg(root().join("template.yaml")).args(nested()?.into_iter().filter(|it| *it != pools));
        output(command.env("AWS_DEFAULT_REGION", "us-east-1"))?;
        Ok(expanded)
    }

    /// Where they are, as JSON.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("expanded")
    }

    /// The map as the layer of the functions holds it.
    pub fn map(&self) -> Result<String> {
        let path = self.folder.path().join(MAP).into_os_string();
        path.into_string().map_err(|path| anyhow!("{} is no text", path.display()))
    }

    /// Deploys them into an emulator; `parameters` are the stack's, each as `NAME=VALUE`. Without
    /// code the functions cannot be invoked.
    pub fn deploy(
        &self,
        emulator: &impl Deploys,
        code: Option<Code<'_>>,
        parameters: &[&str],
    ) -> Result<Formation> {
        let mut command = python(".venv")?;
        command.arg(root().join("shared/wire/emulators/deploy.py")).args(["--emulator", emulator.name()]);
        if let Some(Code { binaries, zipped, variables }) = code {
            command.arg("--binaries").arg(binaries).args(zipped.then_some("--zipped"));
            for (name, value) in variables {
                command.arg("--set").arg(format!("{name}={value}"));
            }
        }
        command.arg(emulator.url()).arg(self.folder());
        let printed = output(command.args(PARAMETERS).args(parameters))?;
        serde_json::from_slice(&printed).context("what deploy.py has printed")
    }
}

/// An emulator of AWS with a CloudFormation.
pub trait Deploys {
    /// Its name, as `deploy.py` knows it.
    fn name(&self) -> &'static str;

    /// Where it listens.
    fn url(&self) -> String;
}

impl Deploys for Ministack {
    fn name(&self) -> &'static str {
        "ministack"
    }

    fn url(&self) -> String {
        self.url()
    }
}

impl Deploys for Moto {
    fn name(&self) -> &'static str {
        "moto"
    }

    fn url(&self) -> String {
        self.url()
    }
}

/// What the functions run, and on.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    /// The folder of their binaries.
    pub binaries: &'a Path,
    /// Whether their zips have the binaries, as they are deployed in AWS, or call them where they are, which
    /// starts sooner.
    pub zipped: bool,
    /// Variables that are not as in AWS, of the functions that have them.
    pub variables: &'a [(&'a str, String)],
}

/// What CloudFormation has made of the templates.
#[derive(Debug, Clone, Deserialize)]
pub struct Formation {
    /// The outputs of the stack.
    pub outputs: BTreeMap<String, String>,
    /// The resources by their logical ids: of the stack as `template`, of each nested one by its
    /// logical id in small letters.
    pub stacks: BTreeMap<String, BTreeMap<String, Resource>>,
    /// What each function is configured with, by its logical id; on ministack alone.
    pub functions: BTreeMap<String, Configuration>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Deserialize)]
pub struct Resource {
    /// Its type, `AWS::SQS::Queue` say.
    pub r#type: String,
    /// Its physical id.
    pub id: Option<String>,
}

/// A function's configuration.
#[derive(Debug, Clone, Deserialize)]
pub struct Configuration {
    /// Its name.
    pub name: String,
    /// Its Function URL, as Lambda gives it.
    pub url: Option<String>,
    /// Where its logs are.
    pub log_group: String,
    /// Its environment.
    pub variables: BTreeMap<String, String>,
}

impl Formation {
    /// An output of the stack.
    pub(super) fn output(&self, name: &str) -> Result<String> {
        self.outputs.get(name).cloned().with_context(|| format!("the stack has no output {name}"))
    }

    /// A function's URL.
    pub(super) fn url(&self, name: &str) -> Result<String> {
        self.function(name)?.url.clone().with_context(|| format!("{name}Function has no URL"))
    }

    /// What the template configures a function with, `Webhook` say.
    pub(super) fn function(&self, name: &str) -> Result<&Configuration> {
        let function = self.functions.get(&format!("{name}Function"));
        function.with_context(|| format!("the stack has no {name}Function"))
    }
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The nested templates.
fn nested() -> Result<Vec<PathBuf>> {
    let infra = root().join("infra").read_dir()?.map(|file| Ok(file?.path()));
    let files: Vec<PathBuf> = infra.collect::<std::io::Result<_>>()?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|it| it == "yaml")).collect())
}

/// The Python of one of the environments that `make` installs.
fn python(environment: &str) -> Result<Command> {
    let python = root().join(environment).join("bin/python");
    ensure!(python.exists(), "{environment} is not installed: `make {environment}/.installed` does it");
    Ok(Command::new(python))
}

/// What a command prints. What it says on standard error is shown.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    let ended = command.stderr(Stdio::inherit()).output()?;
    ensure!(ended.status.success(), "{command:?} has failed: standard error says why");
    Ok(ended.stdout)
}
