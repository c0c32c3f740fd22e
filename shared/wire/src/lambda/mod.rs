//! One execution environment of Lambda on one machine: the Runtime API, and a function as a process of its own.
//!
//! It runs the same binary that is deployed, as Lambda runs it: an execution environment is one
//! process with the environment variables that Lambda sets; it asks for the next event, has one in
//! hand at a time, and answers. A function gets a new environment when an event finds all of them
//! busy. One that passes its time-out, or dies, is gone, and its event with it.
//! (Source: AWS, "Using the Lambda runtime API for custom runtimes".)

mod environment;
mod function;
mod runtime_api;

pub use self::environment::{ExecutionEnvironment, InvokeError};
pub use self::function::FunctionConfig;
