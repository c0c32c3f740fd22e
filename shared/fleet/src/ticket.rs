//! The ticket: the secret with which a started task claims its JIT config.
//!
//! A ticket is `<RunnerId>.<HMAC-SHA256(ticket key, RunnerId)>`, the HMAC in lower-case hex.
//! There is nothing to store, and a launch that is tried again carries the same one.

use secrecy::{ExposeSecret, SecretString};

use crate::ids::RunnerId;
use crate::mac;

/// One runner's ticket. It does not print itself.
#[derive(Debug, Clone)]
pub struct Ticket(SecretString);

impl Ticket {
    /// Issues the ticket of a runner under a ticket key.
    pub fn issue(runner: &RunnerId, key: &SecretString) -> Self {
        Self(format!("{runner}.{}", mac::tag(key, runner.as_str().as_bytes())).into())
    }

    /// Checks what a task presents, in constant time, against every key that is valid now (two
    /// during a rotation), and tells whose ticket it is.
    pub fn verify(presented: &str, keys: &[SecretString]) -> Option<RunnerId> {
        let (id, tag) = presented.split_once('.')?;
        let runner = RunnerId::parse(id).ok()?;
        let tag = hex::decode(tag).ok()?;
        mac::fits(keys, runner.as_str().as_bytes(), &tag).then_some(runner)
    }

    /// The ticket as the task gets it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|&text| text.into()).collect()
    }

    #[test]
    fn a_ticket_is_the_same_on_every_retry_and_names_its_runner() {
        let runner = RunnerId::from_random(7);
        let [key] = &keys(&["one"])[..] else { unreachable!() };
        let ticket = Ticket::issue(&runner, key);
        assert_eq!(ticket.expose(), Ticket::issue(&runner, key).expose());
        assert_eq!(ticket.expose().len(), 20 + 1 + 64);
        assert_eq!(Ticket::verify(ticket.expose(), &keys(&["one"])), Some(runner));
        assert!(!format!("{ticket:?}").contains(ticket.expose()), "a ticket does not print itself");
    }

    #[test]
    fn during_a_rotation_both_keys_are_valid() {
        let runner = RunnerId::from_random(8);
        for key in ["old", "new"] {
            let ticket = Ticket::issue(&runner, &key.into());
            assert_eq!(
                Ticket::verify(ticket.expose(), &keys(&["new", "old"])),
                Some(runner.clone()),
                "{key}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let runner = RunnerId::from_random(9);
        let other = RunnerId::from_random(10);
        let good = Ticket::issue(&runner, &"key".into()).expose().to_owned();
        let (_, mac) = good.split_once('.').unwrap();
        for (presented, why) in [
            (Ticket::issue(&runner, &"another key".into()).expose().to_owned(), "another key"),
            (format!("{other}.{mac}"), "another runner's"),
            (format!("{runner}.{}", &mac[..62]), "truncated"),
            (format!("{runner}."), "no HMAC"),
            (runner.to_string(), "no dot"),
            (format!("{runner}.zz{}", &mac[2..]), "not hex"),
            (format!("{runner}.é"), "not ASCII"),
            (String::new(), "empty"),
        ] {
            assert_eq!(Ticket::verify(&presented, &keys(&["key"])), None, "{why}");
        }
        assert_eq!(Ticket::verify(&good, &[]), None, "no key is valid");
    }
}
