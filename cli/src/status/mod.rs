//! `mayfly why` and `mayfly trace`: what they ask, and the forms of the answer.
//!
//! What is decided is in [`fleet::status`]; `control::Sources` reads. Here are a job's reference, the deployment's
//! names, and the forms of the answer: lines, JSON, a page, an archive. Each is made of named fields, and every text in
//! it goes through [`fleet::status::masked`].

#[cfg(feature = "why")]
pub mod access;
pub mod archive;
pub mod diagnosis;
pub mod fields;
#[cfg(feature = "why")]
mod logs;
pub mod page;
pub mod reference;
pub mod samconfig;
pub mod text;
