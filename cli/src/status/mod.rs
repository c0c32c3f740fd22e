//! `mayfly why` and `mayfly trace`: what they ask, and the forms of the answer.
//!
//! [`fleet::status`] decides, and `control::Sources` reads. This module has the reference to a job, the
//! deployment's names, and the forms of the answer: lines, JSON, a page, an archive. Each consists of named
//! fields, and every text in it goes through [`fleet::status::masked`].

#[cfg(feature = "why")]
pub mod access;
pub mod archive;
pub mod diagnosis;
pub mod fields;
#[cfg(feature = "why")]
pub mod logs;
pub mod page;
pub mod reference;
pub mod samconfig;
pub mod text;
