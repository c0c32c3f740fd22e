//! Why a job waits, and where its time went: what the ledger, ECS and GitHub say of it, put together.
//!
//! A [`Picture`] is what was read, at one time; what could not be read is in it as that, with why. [`why`] makes
//! one [`Reason`] of it, with the sentence that a person reads, what happens next, and the evidence.
//! [`waterfall`] cuts the time from the job's begin at GitHub to its first step into stages without gaps.
//! Nothing that is said here holds a secret: each source is read by named fields, and [`masked`] takes out of
//! free text what looks like one.

mod evidence;
mod masked;
mod on_its_way;
mod picture;
mod pool;
mod reason;
mod sentence;
mod waterfall;
mod when;
mod why;

pub use self::masked::masked;
pub use self::picture::{GithubJob, GithubStatus, Lookup, Picture};
pub use self::reason::Reason;
pub use self::waterfall::{SO_FAR, Stage, Waterfall, waterfall};
pub use self::when::{clock, length};
pub use self::why::{Why, why};

#[cfg(test)]
mod tests;
