//! What the images are made of: the pins of `images/versions.lock`, how old they are, and how large the
//! images have become.

pub mod age;
pub mod check;
pub mod lock;
pub mod measure;
pub mod online;
pub mod update;
pub mod variables;
