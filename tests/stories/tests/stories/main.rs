//! Stories across the functions.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod books;
mod costs;
mod deliveries;
mod failed_launches;
mod idle_runners;
mod launch_request;
mod logs;
mod loops;
mod lost_webhooks;
mod lying_runners;
mod many_events;
mod one_job;
mod out_of_service;
mod pid1;
mod provisioning;
mod samples;
mod slow_starters;
mod spot;
mod stops;
mod two_boots;
mod unserved;
mod upgrades;
mod waiting_jobs;
mod webhooks;
mod where_time_went;
mod whose_jobs;
mod why_no_runner;
mod why_not_ours;
mod why_on_its_way;
