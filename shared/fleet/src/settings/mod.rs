//! Settings as the functions get them: environment variables, and parameters under one path.
//!
//! Where they come from is `shared/aws`'s matter. What they have to be is decided here: everything
//! that is wrong is told at once, each with its name and the way out, and no secret is ever repeated.

mod parameters;
mod problems;
mod variables;

pub use self::parameters::{FromParameters, Parameters, folder};
pub use self::problems::SettingsProblems;
pub use self::variables::Variables;
