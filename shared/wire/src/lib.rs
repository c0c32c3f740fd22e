//! The sandbox on the wire: its parts served on the protocols of those whom they stand for, and emulators of
//! AWS beside them, which somebody else wrote; [`stack`] is all of it together, with the functions' own
//! binaries.
//!
//! Without the feature `stack` there is [`Poster`] alone, which needs no AWS SDK.

#[cfg(feature = "stack")]
pub mod aws;
#[cfg(feature = "stack")]
pub mod ecs;
#[cfg(feature = "stack")]
mod emulator;
#[cfg(feature = "stack")]
pub mod github;
#[cfg(feature = "stack")]
mod http;
#[cfg(feature = "stack")]
pub mod lambda;
#[cfg(feature = "stack")]
pub mod ministack;
#[cfg(feature = "stack")]
pub mod moto;
mod poster;
#[cfg(feature = "stack")]
pub mod processes;
#[cfg(feature = "stack")]
mod resident;
#[cfg(feature = "stack")]
pub mod stack;

pub use self::poster::Poster;
#[cfg(feature = "stack")]
pub use self::resident::Resident;
