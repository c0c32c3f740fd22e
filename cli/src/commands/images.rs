//! `mayfly images …`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use mayfly::images::age::Newer;
use mayfly::images::check::{Against, check};
use mayfly::images::lock::Lock;
use mayfly::images::measure::{self, ImageBudgets, measure, megabytes};
use mayfly::images::online::Online;
use mayfly::images::update::update;
use mayfly::images::variables::variables;

use super::{ended, now};

#[derive(Debug, Subcommand)]
pub(crate) enum ImagesCommand {
    /// Print each pin's age, and whether its hash is known
    ///
    /// Exits with 1 if a pin is older than it may be, or with --for-build if one is unknown.
    Check(CheckArgs),
    /// Bring every pin up to date; needs the internet
    ///
    /// Moves releases to the newest one, and tags to what they name today. The file keeps its comments. Exits with 1 if a
    /// pin could not be looked up: that pin stays as it was, and all others are written.
    Update(UpdateArgs),
    /// Print the pins as the variables of images/docker-bake.hcl
    Variables(LockArg),
    /// Compare the size of an image in an OCI image layout with its budget
    Measure(MeasureArgs),
    /// Say how to go back to the images that were published before
    #[command(hide = true)]
    Rollback,
}

#[derive(Debug, Args)]
pub(crate) struct LockArg {
    /// The file of pins
    #[arg(long, value_name = "FILE", default_value = "images/versions.lock")]
    lock: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    lock: LockArg,
    /// Fail if a pin is unknown
    #[arg(long)]
    for_build: bool,
    /// A newer version of a pin, and the date of its release; may be repeated
    #[arg(long, value_name = "NAME=VERSION:DATE")]
    newer: Vec<Newer>,
    #[command(flatten)]
    today: TodayArg,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    lock: LockArg,
    /// GitHub's API
    #[arg(long, value_name = "URL", default_value = "https://api.github.com")]
    github: String,
    /// Docker Hub
    #[arg(long, value_name = "URL", default_value = "https://registry-1.docker.io")]
    registry: String,
    #[command(flatten)]
    today: TodayArg,
}

#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// The file of budgets
    #[arg(long, value_name = "FILE", default_value = "images/budget.toml")]
    budget: PathBuf,
    /// The image's name in the budget
    image: String,
    /// The folder with its `index.json`
    layout: PathBuf,
}

#[derive(Debug, Args)]
struct TodayArg {
    /// The day to count ages from [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = super::date)]
    today: Option<Date>,
}

impl TodayArg {
    fn read(&self) -> Date {
        self.today.unwrap_or_else(|| jiff::tz::Offset::UTC.to_datetime(now()).date())
    }
}

pub(crate) fn run(command: &ImagesCommand, out: &mut impl Write) -> Result<ExitCode> {
    match command {
        ImagesCommand::Check(args) => checked(args, out),
        ImagesCommand::Update(args) => updated(args, out),
        ImagesCommand::Variables(args) => {
            for (name, value) in variables(&Lock::read(&args.lock)?)? {
                writeln!(out, "{name}={value}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ImagesCommand::Measure(args) => measured(args, out),
        // The scripts that need the stack's settings are run by make.
        ImagesCommand::Rollback => {
            bail!("`make images-rollback`, in the project's folder, goes back to the images before")
        }
    }
}

fn checked(args: &CheckArgs, out: &mut impl Write) -> Result<ExitCode> {
    let against = Against { newer: args.newer.clone(), today: args.today.read(), for_build: args.for_build };
    let findings = check(&Lock::read(&args.lock.lock)?, &against);
    for pin in &findings.pins {
        writeln!(out, "{pin}")?;
    }
    ended(&findings.problems)
}

fn updated(args: &UpdateArgs, out: &mut impl Write) -> Result<ExitCode> {
    let file = &args.lock.lock;
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let online = Online::new(&args.github, &args.registry);
    let updated = update(&text, &online, args.today.read()).with_context(|| shown.to_string())?;
    if updated.text != text {
        std::fs::write(file, &updated.text).with_context(|| format!("{shown} cannot be written"))?;
    }
    for line in &updated.changed {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{shown}: {} changed, {} not looked up", updated.changed.len(), updated.failed.len())?;
    ended(&updated.failed)
}

fn measured(args: &MeasureArgs, out: &mut impl Write) -> Result<ExitCode> {
    let budgets = ImageBudgets::read(&args.budget)?;
    let budget = budgets.image.get(&args.image);
    let budget =
        budget.with_context(|| format!("{} has no [image.{}]", args.budget.display(), args.image))?;
    let measured = measure(&args.layout)?;
    for it in &measured {
        let (bytes, most) = (megabytes(it.bytes), budget.most_mb);
        writeln!(out, "{} for {}: {bytes} of {most} MB", args.image, it.platform)?;
    }
    ended(&measure::problems(&args.image, budget, &measured))
}
