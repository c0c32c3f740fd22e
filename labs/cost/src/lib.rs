//! What a job costs, and what a month without jobs costs.
//!
//! Two sandbox worlds run the real functions, and each call takes time: a steady day of jobs, and the same
//! time without jobs. A meter around each function counts what AWS charges for. The difference between the
//! two is what the jobs cost; the second is what an idle stack costs. `prices.toml` has the prices and the
//! budgets, `assumed.toml` what no price list says. The deployed values (memory, schedules, the queue, the
//! table) come from the templates.

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
