//! Somebody who has read a ticket in a task's environment, and asks with it from elsewhere.

use std::rc::Rc;

use fleet::RunnerId;

use super::functions::{End, bad_gateway};
use super::{Functions, World};
use crate::process::Process;
use crate::sandbox::FunctionName;

impl<F: Functions + 'static> World<F> {
    /// Asks with the ticket of a runner that has asked, by its place among those.
    pub fn steal_ticket(&mut self, place: usize) {
        let has_asked = |process: &&Process| {
            self.sandbox.table().borrow().runner(&process.runner).is_some_and(|it| it.boot.is_some())
        };
        let asking: Vec<_> = self.processes.values().filter(has_asked).collect();
        let Some(robbed) = asking.get(place % asking.len().max(1)) else { return };
        let Some(request) = robbed.stolen_question() else { return };
        let runner = robbed.runner.clone();
        let functions = Rc::clone(&self.functions);
        let crashed = End::Stolen(runner.clone(), bad_gateway().status_code);
        let answered = async move { End::Stolen(runner, functions.registrar(request).await.status_code) };
        self.invoke(FunctionName::Registrar, answered, crashed);
    }

    /// The runners whose tickets were stolen, with the status that was answered to the thief.
    pub fn stolen_tickets(&self) -> &[(RunnerId, i64)] {
        &self.stolen
    }
}
