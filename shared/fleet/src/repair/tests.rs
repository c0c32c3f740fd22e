//! Tables for the rules, each row with its reason, and properties of all rules together.

mod condition;
mod late;
mod leaving;
mod lying;
mod mends;
mod overdue;
mod pools;
mod properties;
mod sight;
mod stage;
