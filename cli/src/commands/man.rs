//! `mayfly man`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Command;
use clap_mangen::Man;

/// Prints the page of the command, and after it those of its subcommands.
pub(crate) fn run(mut command: Command, out: &mut impl Write) -> Result<ExitCode> {
    command.build();
    Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = sub.get_display_name().unwrap_or(sub.get_name()).to_owned();
        Man::new(sub.clone()).title(name).render(out)?;
    }
    Ok(ExitCode::SUCCESS)
}
