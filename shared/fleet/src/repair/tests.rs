//! Tables of the rules, each row with its why, and what holds for all of them together.

mod condition;
mod late;
mod leaving;
mod lying;
mod overdue;
mod pools;
mod properties;
mod sight;
mod stage;
