//! Somebody who has read a ticket in a task's environment, and claims with it from elsewhere.

use std::rc::Rc;

use fleet::RunnerId;

use super::functions::{End, bad_gateway};
use super::{Functions, World};
use crate::sandbox::FunctionName;

impl<F: Functions + 'static> World<F> {
    /// Claims with the ticket of a runner that has its JIT config, by its place among those.
    pub fn steal_ticket(&mut self, place: usize) {
        let claimed: Vec<_> = self.processes.values().filter(|it| it.registration.is_some()).collect();
        let Some(robbed) = claimed.get(place % claimed.len().max(1)) else { return };
        let Some(request) = robbed.stolen_claim() else { return };
        let runner = robbed.runner.clone();
        let functions = Rc::clone(&self.functions);
        let crashed = End::StolenClaim(runner.clone(), bad_gateway().status_code);
        let answered =
            async move { End::StolenClaim(runner, functions.registrar(request).await.status_code) };
        self.invoke(FunctionName::Registrar, answered, crashed);
    }

    /// The runners whose tickets were stolen, with the status that was answered to the thief.
    pub fn stolen_tickets(&self) -> &[(RunnerId, i64)] {
        &self.stolen
    }
}
