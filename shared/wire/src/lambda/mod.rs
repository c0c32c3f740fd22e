//! Lambda on one machine: the Runtime API, and functions as processes of their own.
//!
//! It runs the same binary that is deployed, as Lambda runs it: an execution environment is one
//! process with the environment variables that Lambda sets; it asks for the next event, has one in
//! hand at a time, and answers. A function gets a new environment when an event finds all of them
//! busy. One that passes its time-out, or dies, is gone, and its event with it.
//! (Source: AWS, "Using the Lambda runtime API for custom runtimes".)

mod environment;
mod event_source;
mod function;
mod runtime_api;
mod ticks;
mod url;

pub use self::environment::{Environment, InvokeError};
pub use self::event_source::{EventSource, Pollers};
pub use self::function::{Function, FunctionConfig};
pub use self::ticks::Ticks;
pub use self::url::{FunctionUrl, Seen};
