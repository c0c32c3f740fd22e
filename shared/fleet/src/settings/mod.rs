//! Settings as the functions get them: environment variables, and parameters under one path.
//!
//! `shared/aws` reads them. What they have to be is decided here: every problem is reported at once, with its
//! name and the way out, and no secret is repeated.

mod parameters;
mod problems;
mod variables;

pub use self::parameters::{FromParameters, Parameters, folder};
pub use self::problems::SettingsProblems;
pub use self::variables::Variables;
