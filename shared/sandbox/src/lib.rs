//! Mayfly's platform on one machine.
//!
//! The ledger, the queue, ECS and GitHub in memory, behind the same ports that `shared/aws` and
//! `shared/github` implement over the wire, on a clock that is turned by hand. It is what `mayfly
//! replay` and `make demo` run on, and what the simulation breaks.
//!
//! - [`Sandbox`] is the state and implements the ports.
//! - [`World`] turns the clock: it delivers webhooks, pumps the queue, moves tasks on, lets runners
//!   ask, work and leave, and runs the functions that it is given ([`Functions`]).
//!
//! One seed and one sequence of calls make one timeline, to the byte.

mod agenda;
mod audit;
mod calls;
mod clock;
mod delays;
pub mod delivery;
pub mod ecs;
mod executor;
pub mod faults;
pub mod github;
mod journal;
mod operation;
mod placements;
mod ports;
mod process;
pub mod queue;
mod races;
mod sandbox;
mod system;
mod table;
pub mod world;

pub use self::audit::Violation;
pub use self::calls::{Effect, EffectOf, Invocations, Latencies};
pub use self::clock::ManualClock;
pub use self::delays::{Delays, Span, Starts};
pub use self::faults::{Call, CrashPoint, Fault, Rates};
pub use self::journal::{Journal, Line, Subject};
pub use self::operation::{Operation, Service};
pub use self::placements::{STACK, placement_of, placements_of};
pub use self::races::Race;
pub use self::sandbox::{FunctionName, Sandbox, TICKET_KEY};
pub use self::system::FunctionSystem;
pub use self::table::Table;
pub use self::world::{Begun, Claim, Functions, Hung, World};
