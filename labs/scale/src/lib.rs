//! Bursts in virtual time.
//!
//! Mayfly's real functions run on the sandbox, where each call takes as long as AWS and GitHub are known or
//! assumed to take, and where ECS and GitHub apply their published limits ([`data`]). A run has a load of one of
//! the [`shapes`]; the figures come from outside, from the sandbox's own records ([`figures`]). No figure
//! depends on the machine, except how long a run takes.

pub mod bench;
pub mod binds;
pub mod data;
pub mod figures;
pub mod observed;
mod planted;
pub mod report;
pub mod shapes;
pub mod ticks;

pub use self::data::Data;
pub use self::figures::Figures;
pub use self::report::report;
pub use self::shapes::{Load, Shape, ShapeResult};
