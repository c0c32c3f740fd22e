//! Mayfly's decisions, and nothing else.
//!
//! Everything here is a function from values to values: which pool serves a job
//! ([`routing`]), what an event does to the books ([`ledger`]), how many runners a
//! pool is short of ([`ledger::settle`]), how many it keeps waiting at this hour ([`schedule`]),
//! what a failed launch means ([`launch`]), how fast AWS and GitHub let it
//! launch ([`limits`]), what a crash left half done ([`repair`]), which failed
//! webhook deliveries to ask for again ([`delivery`]), where to look for jobs that no webhook told of
//! ([`sweep`]), why a job waits ([`status`]), what a runner cost ([`cost`]), what PID 1 of a task does ([`pid1`]).
//! Time, randomness and I/O come in as arguments or through the traits of [`ports`];
//! this crate's dependencies are the proof.

pub mod cost;
pub mod delivery;
pub mod ids;
pub mod label;
pub mod launch;
pub mod ledger;
pub mod limits;
pub mod mac;
pub mod metric;
pub mod pid1;
pub mod pools;
pub mod ports;
pub mod question;
pub mod quote;
pub mod repair;
pub mod routing;
pub mod schedule;
pub mod settings;
pub mod status;
pub mod sweep;
pub mod ticket;
pub mod version;

pub use ids::{
    BootDigest, BootId, ContainerInstanceArn, DeliveryId, GithubRunnerId, InstanceId, JobId, PoolName,
    Repository, RunnerId, TaskArn,
};
pub use label::{Label, Labels};
pub use pools::{Architecture, CapacityProvider, Pool, PoolMap};
