//! Mayfly against real peers.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod cold_start;
mod deployed;
mod deployment;
mod ecs_described;
mod ecs_looked_at;
mod ecs_moto;
mod ecs_no_answer;
mod ecs_wire;
mod functions;
mod github_api;
mod github_deliveries;
mod ledger;
mod octokit;
mod permissions;
mod queue;
mod rotation;
mod scaling;
mod template;
