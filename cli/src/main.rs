//! The command `mayfly`.

mod args;
mod doctor_command;
mod images_command;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use mayfly::replay::Replay;
use mayfly::schedule::{Prices, Week};
use mayfly::source::Source;
use mayfly::{DEVELOPMENT_SECRET, demo, evening, remote, report, schedule, wrap};
use platform::pools;

use crate::args::{DemoArgs, RenderArgs, ReplayArgs, ScheduleArgs, WrapArgs};

/// Ephemeral GitHub Actions runners on Amazon ECS: replay deliveries on one machine.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay deliveries through the webhook and the launcher, on a sandbox of the whole platform
    ///
    /// Prints what was answered to each delivery, the task it started, and the books once the
    /// platform has come to rest. A file holds a payload as GitHub sends it, or one that `mayfly
    /// wrap` made.
    Replay(ReplayArgs),
    /// Wrap payloads as Lambda Function URL events, signed
    ///
    /// For `cargo lambda invoke --data-file` and `sam local invoke -e`. The files keep their names.
    Wrap(WrapArgs),
    /// Tell the story of every sample event to its end, and check each against the file beside it
    ///
    /// Then an evening of the office-hours profile. Exits with 1 if any event did not end as its file
    /// says, or the evening not as it should.
    Demo(DemoArgs),
    /// Work with the map of pools
    #[command(subcommand)]
    Pools(PoolsCommand),
    /// Work with the pins and the sizes of the images
    #[command(subcommand)]
    Images(images_command::ImagesCommand),
    /// Print a week of the schedule: minimums, maximums, and what it costs to keep the minimums waiting
    Schedule(ScheduleArgs),
    /// Look whether an account is ready
    ///
    /// With --before-deploy: says of each pool whether the account's quotas let it start, and how to ask for
    /// more. Exits with 0 where all is fine, with 1 where something is small or not known, with 2 where a
    /// pool that keeps runners waiting cannot start one, or the map is wrong.
    Doctor(args::DoctorArgs),
    /// Run the functions' own binaries on this machine, until Ctrl-C
    ///
    /// The templates are deployed into moto, which is the queue, the table, the parameters and the Auto
    /// Scaling groups; the sandbox is ECS and GitHub. Deliveries that
    /// are posted to the webhook's URL become jobs, whose webhooks come back to it as they run.
    #[cfg(feature = "local")]
    Local(args::LocalArgs),
}

#[derive(Debug, Subcommand)]
enum PoolsCommand {
    /// Write what is deployed of the map: into the template of the pools, and as the file that the functions read
    ///
    /// Of the template, only what stands between its `mayfly pools render` marks is written.
    Render(RenderArgs),
}

/// Exits with 0 when all went well, 1 when something did not end as it should, 2 when the command was
/// not understood or a file of it not read.
fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let ended = match Cli::parse().command {
        Command::Replay(args) => replay(args, &mut out),
        Command::Wrap(args) => wrapped(&args, &mut out),
        Command::Demo(args) => demonstrate(&args, &mut out),
        Command::Pools(PoolsCommand::Render(args)) => render(&args, &mut out),
        Command::Images(command) => images_command::run(&command, &mut out),
        Command::Schedule(args) => week(&args, &mut out),
        Command::Doctor(args) => doctor_command::run(&args, &mut out),
        #[cfg(feature = "local")]
        Command::Local(args) => local(&args, &mut out),
    };
    ended.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "mayfly: {error:#}");
        ExitCode::from(2)
    })
}

#[expect(clippy::disallowed_methods, reason = "the command's boot looks at the clock, once")]
fn replay(args: ReplayArgs, out: &mut impl Write) -> Result<ExitCode> {
    let secret = args.secret.read()?;
    let files = if args.files.is_empty() { demo::files("events/github".as_ref())? } else { args.files };
    let sources: Vec<Source> = files.iter().map(|file| Source::read(file)).collect::<Result<_>>()?;
    if let Some(url) = args.url {
        let now = jiff::Timestamp::now();
        let sources: Vec<Source> = sources.into_iter().map(|source| source.created(now)).collect();
        let posted = remote::post(&url, &sources, &secret)?;
        if args.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&posted)?)?;
        } else {
            writeln!(out, "{}", report::posted(&posted))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut replay = Replay::new(&args.organisation, &pools::read(args.pools.as_deref())?, &secret);
    let delivered = sources.iter().map(|source| replay.deliver(source)).collect::<Result<Vec<_>>>()?;
    let at_rest = replay.rest();
    let books = replay.books();
    if args.json {
        let whole = serde_json::json!({"deliveries": delivered, "books": books, "at_rest": at_rest});
        writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
    } else {
        writeln!(out, "{}\n\n{}", report::deliveries(&delivered), report::books(&books, replay.now()))?;
    }
    Ok(if at_rest { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn wrapped(args: &WrapArgs, out: &mut impl Write) -> Result<ExitCode> {
    let written = wrap::wrap(&args.files, &args.out, &args.secret.read()?)?;
    writeln!(out, "{} events in {}", written.len(), args.out.display())?;
    Ok(ExitCode::SUCCESS)
}

fn render(args: &RenderArgs, out: &mut impl Write) -> Result<ExitCode> {
    let rendered = pools::rendered(&args.pools, &args.template)?;
    let mut stale = false;
    for (file, text) in [(&args.template, rendered.template), (&args.map, rendered.map)] {
        let shown = file.display();
        if std::fs::read_to_string(file).is_ok_and(|found| found == text) {
            writeln!(out, "{shown} is what {} makes it", args.pools.display())?;
        } else if args.check {
            stale = true;
            writeln!(
                io::stderr(),
                "mayfly: {shown} differs from {}: run `mayfly pools render`",
                args.pools.display()
            )?;
        } else {
            std::fs::write(file, text).with_context(|| format!("{shown} can not be written"))?;
            writeln!(out, "{shown} is written")?;
        }
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[expect(clippy::disallowed_methods, reason = "the command's boot looks at the clock, once")]
fn week(args: &ScheduleArgs, out: &mut impl Write) -> Result<ExitCode> {
    let pools = pools::read(args.pools.as_deref())?;
    let prices = Prices::read(args.prices.as_deref())?;
    let week = match &args.week {
        Some(week) => Week::parse(week)?,
        None => Week::of(jiff::Timestamp::now(), pools.schedule().zone()),
    };
    writeln!(out, "{}", schedule::report(&pools, week, &prices)?)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "local")]
fn local(args: &args::LocalArgs, out: &mut impl Write) -> Result<ExitCode> {
    mayfly::local::run(&pools::text_of(args.pools.as_deref())?, &args.functions, args.port, args.tasks, out)?;
    Ok(ExitCode::SUCCESS)
}

fn demonstrate(args: &DemoArgs, out: &mut impl Write) -> Result<ExitCode> {
    let secret = DEVELOPMENT_SECRET.into();
    let mut wrong = demo::run(&args.folder, &pools::read(args.pools.as_deref())?, &secret, out)?;
    wrong.extend(evening::run(&secret, out)?);
    if wrong.is_empty() {
        writeln!(out, "Every event ended as the file beside it says.")?;
        writeln!(out, "In the evening no job was cut short, and EC2 keeps what the night's runners need.")?;
        return Ok(ExitCode::SUCCESS);
    }
    for problem in &wrong {
        writeln!(io::stderr(), "mayfly: {problem}")?;
    }
    Ok(ExitCode::FAILURE)
}
