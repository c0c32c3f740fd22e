#![doc = include_str!("../README.md")]

mod asking;
pub mod boot;
pub mod config;
mod docker;
mod listener;
mod processes;
mod random;
mod registrar;
mod run;
pub mod self_check;
mod shim;
mod summary;
pub mod tool_cache;
