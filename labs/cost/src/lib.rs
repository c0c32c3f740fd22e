//! What a job costs, and a month in which there is none.
//!
//! Two worlds of the sandbox happen, with the real functions and with time for each call: a steady day
//! of jobs, and the same without any. Around each function a meter counts what AWS asks money for.
//! What the day has more than the other is what its jobs cost; the other is what costs while nothing
//! happens. `prices.toml` has the prices, and the budgets; `assumed.toml` what no list says. What is
//! deployed (memory, schedules, the queue, the table) is read from the templates.

pub mod account;
pub mod assumed;
pub mod day;
pub mod deployed;
mod item;
mod meter;
pub mod observed;
pub mod prices;
pub mod report;
pub mod switches;
mod usage;

pub use self::meter::EmittedMetrics;
pub use self::usage::{Counts, Tallies, Tally, Usage, Used, UsedBy};
