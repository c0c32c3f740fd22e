//! Mayfly's functions on the sandbox.
//!
//! [`Platform`] is a second composition root: the same `handle` functions that run on Lambda, over the
//! sandbox. [`leftovers`] lists what a platform at rest must not have, and stories play on a [`scene`].
//! [`pools`] reads the map of pools and renders it into the templates.

mod functions;
mod leftovers;
pub mod pools;
pub mod prices;
pub mod scene;

pub use self::functions::Platform;
pub use self::leftovers::leftovers;
pub use sandbox::github::ORGANISATION;

/// The sandbox with every function of Mayfly in it.
pub type PlatformWorld = sandbox::World<Platform>;
