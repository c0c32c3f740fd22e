//! Webhook deliveries on their way to the Function URL, and those that somebody asked for once more.

use super::{Functions, Happening, World};
use crate::delivery::{Delivery, function_url_event};
use crate::faults::Fault;
use crate::journal::Subject;

impl<F: Functions + 'static> World<F> {
    /// A delivery reaches the Function URL, or nobody there.
    pub(super) fn post_delivery(&mut self, delivery: &Delivery, redelivery: bool) {
        let now = self.now();
        let attempt = self.sandbox.github().borrow_mut().begin_attempt(delivery, redelivery, now);
        if redelivery {
            self.sandbox.note(|| Subject::Delivery(delivery.id.clone()), || "delivered again".to_owned());
        }
        if self.sandbox.strikes(Fault::WebhookUnanswered) {
            self.sandbox.github().borrow_mut().end_attempt(attempt, 0);
            return;
        }
        let event = function_url_event(delivery.headers(&self.webhook_secret), &delivery.body);
        if let Ok(request) = serde_json::from_value(event) {
            self.post_attempt(delivery.id.clone(), Some(attempt), request);
        }
    }

    /// What somebody asked GitHub to deliver again comes a little later.
    pub(super) fn follow_redeliveries(&mut self) {
        let asked_for = self.sandbox.github().borrow_mut().take_asked_for();
        for delivery in asked_for {
            self.later(self.sandbox.draw(&self.sandbox.delays().webhook), Happening::Redeliver(delivery));
        }
    }

    /// GitHub delivers this, as it delivers what it makes itself.
    pub fn deliver(&mut self, delivery: &Delivery) {
        self.post_delivery(delivery, false);
    }
}
