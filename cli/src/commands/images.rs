//! `mayfly images …`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
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
    /// Say of each pin how old it is and whether it is known
    ///
    /// Exits with 1 where one is older than it may be, and with --for-build where one is not known.
    Check(CheckArgs),
    /// Bring every pin up to date, where the internet is
    ///
    /// Releases move to the newest one, tags to what they are today; the file keeps its comments. Exits
    /// with 1 where a pin could not be looked up: it is as it was then, and all others are written.
    Update(UpdateArgs),
    /// Print the pins as the variables of images/docker-bake.hcl
    Variables(LockArg),
    /// Hold an image in an OCI image layout against its budget
    Measure(MeasureArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LockArg {
    /// The pins
    #[arg(long, value_name = "FILE", default_value = "images/versions.lock")]
    lock: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    lock: LockArg,
    /// Fail where a pin is not known
    #[arg(long)]
    for_build: bool,
    /// A version that is out, and since when; may be given for several pins
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
    /// The budgets
    #[arg(long, value_name = "FILE", default_value = "images/budget.toml")]
    budget: PathBuf,
    /// The image's name in the budget
    image: String,
    /// The folder with its `index.json`
    layout: PathBuf,
}

#[derive(Debug, Args)]
struct TodayArg {
    /// The day [default: today, in UTC]
    #[arg(long, value_name = "DATE")]
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
