//! The command `mayfly`.

mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use mayfly::words;

use crate::commands::{caches, cost, demo, doctor, images, pools, replay, schedule, trace, why, wrap};

/// The version, and the commit where it was built from one.
const VERSION: &str = env!("MAYFLY_VERSION");

/// Short-lived GitHub Actions runners on Amazon ECS: try Mayfly on this machine, and look into a deployed stack
///
/// Exits with 0 if all went well, with 1 if something did not end as it should, and with 2 if the command was not
/// understood or a file could not be read.
#[derive(Debug, Parser)]
#[command(version = VERSION)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay deliveries through the webhook and the launcher, on a sandbox of the whole platform
    ///
    /// Prints the answer to each delivery, the task that it started, and the pools' books once nothing
    /// happens any more. A file holds a payload as GitHub sends it, or one that `mayfly wrap` made. Exits with 1 if
    /// an answer is a refusal, or not what --expect says.
    Replay(replay::ReplayArgs),
    /// Wrap payloads as signed Lambda Function URL events
    ///
    /// The events are for `cargo lambda invoke --data-file` and `sam local invoke -e`. Each file keeps its name.
    Wrap(wrap::WrapArgs),
    /// Play every sample event to its end, and check each against the TOML file beside it
    ///
    /// An evening with office hours follows. Exits with 1 if an event does not end as its file says, or the evening
    /// does not end as it should.
    Demo(demo::DemoArgs),
    /// Write the pool map into the templates
    #[command(subcommand)]
    Pools(pools::PoolsCommand),
    /// Work with what jobs find in their caches
    #[command(subcommand)]
    Caches(caches::CachesCommand),
    /// Check and update the pinned versions and the sizes of the images
    ///
    /// `make images` builds them, on this machine or at AWS, and `make images-rollback` goes back to those that the stack's
    /// builds published before.
    #[command(subcommand)]
    Images(images::ImagesCommand),
    /// Print a week's minimums and maximums, and the cost of keeping the minimums waiting
    Schedule(schedule::ScheduleArgs),
    /// Say what jobs have cost, by repository, workflow, branch or pool
    ///
    /// Reads the stack's lines of costs with your AWS credentials, or a file of them. What runners cost beside their jobs
    /// is shared out by what jobs have worked in each pool, in a column of its own; GitHub's price of the nearest runner
    /// stands beside it.
    Cost(cost::CostArgs),
    /// Check whether an AWS account is ready for a deploy
    ///
    /// Says for each pool how many of its runners the account's quotas allow, and how to ask AWS for more. Exits with 0
    /// if all pools can start all of their runners, with 1 if a quota is too small or unknown, and with 2 if a pool
    /// that keeps runners waiting cannot start one, or the map is wrong.
    Doctor(doctor::DoctorArgs),
    /// Say why a job waits, what happens next and when, and what the answer is based on
    ///
    /// Reads the ledger's table and ECS with your AWS credentials. Reads GitHub with `GITHUB_TOKEN`, or with the App's
    /// key if you may read that. If one of them cannot be read, the answer says why and uses the others.
    /// `GITHUB_API_URL` and `AWS_ENDPOINT_URL` name other servers, for example those of `mayfly local`. Exits with 0, or
    /// with 2 if the job's URL, the map or a file is wrong.
    Why(why::WhyArgs),
    /// Show where a job's time went, from GitHub's queue to its first step
    ///
    /// Reads what `mayfly why` reads. The stages follow each other without gaps, and add up to the whole time.
    Trace(trace::TraceArgs),
    /// Print this command's completions for a shell
    Completions(commands::completions::CompletionsArgs),
    /// Print the manual page; read it with `mayfly man | man -l -`
    Man,
    /// Run the whole stack on this machine, with the functions' own binaries, until Ctrl-C
    ///
    /// Deploys the templates into ministack, an emulator of AWS. A sandbox stands in for ECS and GitHub. A delivery
    /// posted to the webhook's URL becomes a job; as it runs, its webhooks come back to that URL. The screen shows a
    /// line for each delivery, and for each step of a job and of its runner.
    Local(commands::local::LocalArgs),
}

/// What a shell reports of a program that wrote to a closed pipe.
const READER_HAS_GONE: u8 = 141;

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
        Command::Cost(args) => cost::run(&args, &mut out),
        Command::Doctor(args) => doctor::run(&args, &mut out),
        Command::Why(args) => why::run(&args, &mut out),
        Command::Trace(args) => trace::run(&args, &mut out),
        Command::Completions(args) => commands::completions::run(&args, Cli::command(), &mut out),
        Command::Man => commands::man::run(Cli::command(), &mut out),
        Command::Local(args) => commands::local::run(&args, &mut out),
    };
    ended.unwrap_or_else(|error| {
        if words::is_broken_pipe(&error) {
            return ExitCode::from(READER_HAS_GONE);
        }
        for line in words::plain(&format!("{error:#}")).lines() {
            let _ = writeln!(io::stderr(), "mayfly: {line}");
        }
        ExitCode::from(2)
    })
}
