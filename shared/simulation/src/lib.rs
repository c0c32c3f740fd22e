//! A seeded world that breaks everything it can, and what must hold all the same.
//!
//! One seed is one world: its pools, its jobs, its weather ([`plan`]). [`run()`] lets it happen with
//! Mayfly's real functions on the sandbox; then the faults end, time goes on, and [`check`] looks
//! at what is left. A seed that fails is made small by [`shrink`].
//!
//! [`week`] is another one: office hours for seven days, under more load than there is room for. [`demand`]
//! measures how long jobs wait for their launch, with webhooks and without any.

pub mod check;
pub mod demand;
pub mod plan;
pub mod run;
pub mod shrink;
pub mod week;

pub use self::plan::SeededWorld;
pub use self::run::{WorldOutcome, run};
