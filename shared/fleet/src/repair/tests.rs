//! Tables of the rules, each row with its why, and what holds for all of them together.

mod pools;
mod properties;
mod runners;
mod stage;
