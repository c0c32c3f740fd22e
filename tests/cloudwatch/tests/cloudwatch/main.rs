//! The tables of metrics, and the template's alarms on what the sandbox's functions write.

mod calm_day;
mod conditions;
mod documents;
mod tables;
