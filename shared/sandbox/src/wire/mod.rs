//! The sandbox on the wire: its parts served on the protocols of those whom they stand for, and
//! moto beside them for what moto does right.

pub mod ecs;
pub mod github;
mod http;
pub mod lambda;
pub mod moto;
pub mod processes;
mod resident;

pub use self::resident::Resident;
