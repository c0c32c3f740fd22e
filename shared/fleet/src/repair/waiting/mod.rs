//! Jobs that wait, or seem to: when GitHub is asked about one, and what its answer means.
//!
//! A webhook may be lost for good, and then nothing announces it. So each job that counts in a book, waits
//! for an approval, or is left in progress is read from GitHub again and again, at growing intervals. Age
//! alone ends no job.

mod due;
mod found;
mod passed_over;

pub use self::due::{due, due_at, is_left_in_progress};
pub use self::found::{
    Found, Meaning, Said, at_runner, may_be_at, meaning, of_ended_run, of_run_that_goes_on,
};
pub use self::passed_over::{Beside, beside, idle_for_long, likely_reason, waits_strangely_long};

#[cfg(test)]
mod tests;
