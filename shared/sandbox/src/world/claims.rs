//! When each task got its JIT config, for measurements.

use std::collections::BTreeMap;

use fleet::pid1::Answered;
use fleet::question::Listener;
use fleet::{RunnerId, TaskArn};
use jiff::Timestamp;

use super::World;

/// The way of a task to its JIT config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its runner.
    pub runner: RunnerId,
    /// Its questions so far without a listener.
    pub questions: u32,
    /// When it was answered a JIT config.
    pub config_at: Option<Timestamp>,
}

impl<F> World<F> {
    /// The way of each task that has asked.
    pub fn claims(&self) -> &BTreeMap<TaskArn, Claim> {
        &self.claims
    }

    /// PID 1 of a task asks.
    pub(super) fn note_question(&mut self, arn: &TaskArn, listener: Listener) {
        let Some(process) = self.processes.get(arn).filter(|_| listener == Listener::None) else { return };
        let first = || Claim { runner: process.runner.clone(), questions: 0, config_at: None };
        self.claims.entry(arn.clone()).or_insert_with(first).questions += 1;
    }

    /// PID 1 of a task is answered.
    pub(super) fn note_answer(&mut self, arn: &TaskArn, answered: Answered) {
        let now = self.sandbox.manual_clock().now();
        if let Some(claim) = self.claims.get_mut(arn).filter(|_| answered == Answered::Config) {
            claim.config_at.get_or_insert(now);
        }
    }
}
