//! The command `mayfly`.

mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::{caches, demo, doctor, images, pools, replay, schedule, trace, why, wrap};

/// The version, and the commit where it was built from one.
const VERSION: &str = env!("MAYFLY_VERSION");

/// Ephemeral GitHub Actions runners on Amazon ECS: replay deliveries on one machine.
#[derive(Debug, Parser)]
#[command(version = VERSION, about)]
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
    Replay(replay::ReplayArgs),
    /// Wrap payloads as Lambda Function URL events, signed
    ///
    /// For `cargo lambda invoke --data-file` and `sam local invoke -e`. The files keep their names.
    Wrap(wrap::WrapArgs),
    /// Tell the story of every sample event to its end, and check each against the file beside it
    ///
    /// Then an evening of the office-hours profile. Exits with 1 if any event did not end as its file
    /// says, or the evening not as it should.
    Demo(demo::DemoArgs),
    /// Work with the map of pools
    #[command(subcommand)]
    Pools(pools::PoolsCommand),
    /// Work with what jobs find in their caches
    #[command(subcommand)]
    Caches(caches::CachesCommand),
    /// Work with the pins and the sizes of the images
    #[command(subcommand)]
    Images(images::ImagesCommand),
    /// Print a week of the schedule: minimums, maximums, and what it costs to keep the minimums waiting
    Schedule(schedule::ScheduleArgs),
    /// Look whether an account is ready
    ///
    /// With --before-deploy: says of each pool whether the account's quotas let it start, and how to ask for
    /// more. Exits with 0 where all is fine, with 1 where something is small or not known, with 2 where a
    /// pool that keeps runners waiting cannot start one, or the map is wrong.
    Doctor(doctor::DoctorArgs),
    /// Say why a job waits, what happens next and when, and what was seen
    ///
    /// It reads the ledger's table and ECS with your AWS credentials, and GitHub with `GITHUB_TOKEN` or, without one, with
    /// the App's key where you may read it. Who cannot be asked is named, with why, and the others still answer.
    /// `GITHUB_API_URL` and `AWS_ENDPOINT_URL` lead elsewhere, to `mayfly local` say. Exits with 0, or with 2 where the job's
    /// URL, the map or a file is wrong.
    Why(why::WhyArgs),
    /// Show where the time of a job went, from GitHub's queue to its first step
    ///
    /// It asks as `mayfly why` does. The stages have no gaps, and add up to the whole.
    Trace(trace::TraceArgs),
    /// Print a shell's completions of this command
    Completions(commands::completions::CompletionsArgs),
    /// Print the manual page, in roff: `mayfly man | man -l -`
    Man,
    /// Run the functions' own binaries on this machine, until Ctrl-C
    ///
    /// The templates are deployed into ministack, which is all of AWS but ECS; the sandbox is ECS and
    /// GitHub. Deliveries that are posted to the webhook's URL become jobs, whose webhooks come back to it as
    /// they run. The screen has a line for each delivery, and for each step of a job and of its runner.
    #[cfg(feature = "local")]
    Local(commands::local::LocalArgs),
}

/// Exits with 0 when all went well, 1 when something did not end as it should, 2 when the command was
/// not understood or a file of it not read.
fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let ended = match Cli::parse().command {
        Command::Replay(args) => replay::run(&args, &mut out),
        Command::Wrap(args) => wrap::run(&args, &mut out),
        Command::Demo(args) => demo::run(&args, &mut out),
        Command::Pools(command) => pools::run(&command, &mut out),
        Command::Caches(command) => caches::run(&command, &mut out),
        Command::Images(command) => images::run(&command, &mut out),
        Command::Schedule(args) => schedule::run(&args, &mut out),
        Command::Doctor(args) => doctor::run(&args, &mut out),
        Command::Why(args) => why::run(&args, &mut out),
        Command::Trace(args) => trace::run(&args, &mut out),
        Command::Completions(args) => Ok(commands::completions::run(&args, Cli::command(), &mut out)),
        Command::Man => commands::man::run(Cli::command(), &mut out),
        #[cfg(feature = "local")]
        Command::Local(args) => commands::local::run(&args, &mut out),
    };
    ended.unwrap_or_else(|error| {
        for line in format!("{error:#}").lines() {
            let _ = writeln!(io::stderr(), "mayfly: {line}");
        }
        ExitCode::from(2)
    })
}
