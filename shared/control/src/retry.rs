//! The one retry loop: attempts with growing waits between them. Each wait is a random part of its length
//! ("full jitter").

use std::time::Duration;

use fleet::ports::{Clock, Random};

/// How often something is tried, and how long to wait in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// Attempts, including the first.
    pub(crate) attempts: u32,
    /// The longest wait before the second attempt; it doubles with each further one. If an attempt takes
    /// longer than this, its duration counts instead: where one caller's attempts are slow, so are the
    /// others'.
    pub(crate) first: Duration,
    /// The longest wait before any attempt.
    pub(crate) longest: Duration,
}

impl Backoff {
    /// A random part of the wait after this many failures (at least one), given how long the last attempt
    /// took.
    fn wait(self, failures: u32, took: Duration, bits: u128) -> Duration {
        let first = self.first.max(took);
        let longest = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.longest);
        let part = u32::try_from(bits & 0xffff).unwrap_or(0);
        longest * part / 0x1_0000
    }
}

/// Tries until it succeeds, until an error is permanent, or until the attempts are used up. Then it returns
/// the last error.
pub(crate) async fn retry<T, E>(
    system: &(impl Clock + Random),
    backoff: Backoff,
    passes: impl Fn(&E) -> bool,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut failures = 0;
    loop {
        let began = system.now();
        let done = attempt().await;
        failures += 1;
        match &done {
            Err(error) if failures < backoff.attempts && passes(error) => {}
            _ => return done,
        }
        let took = Duration::try_from(system.now().duration_since(began)).unwrap_or_default();
        system.sleep(backoff.wait(failures, took, system.bits())).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use futures_util::FutureExt as _;
    use jiff::Timestamp;

    use super::*;

    /// Never waits, records each wait, and sets half of the bits.
    #[derive(Default)]
    struct Halves {
        waits: RefCell<Vec<u128>>,
        now: Cell<Timestamp>,
    }

    impl Clock for Halves {
        fn now(&self) -> Timestamp {
            self.now.get()
        }

        async fn sleep(&self, length: Duration) {
            self.waits.borrow_mut().push(length.as_millis());
        }
    }

    impl Random for Halves {
        fn bits(&self) -> u128 {
            0x8000
        }
    }

    const BACKOFF: Backoff =
        Backoff { attempts: 5, first: Duration::from_millis(20), longest: Duration::from_millis(60) };

    #[test]
    fn attempts_end_with_a_success_a_permanent_error_or_the_last_failure() {
        for (answers, ending, waits, why) in [
            (&[Ok(1)][..], Ok(1), &[][..], "works at once"),
            (&[Err("busy"), Ok(2)], Ok(2), &[10], "half of the first wait"),
            (&[Err("busy"), Err("gone")], Err("gone"), &[10], "a permanent error"),
            (
                &[Err("busy"); 5],
                Err("busy"),
                &[10, 20, 30, 30],
                "doubled up to the longest, and none after the last",
            ),
        ] {
            let halves = Halves::default();
            let mut answers = answers.iter().copied();
            let attempt = async || answers.next().unwrap_or(Err("asked too often"));
            let done = retry(&halves, BACKOFF, |error| *error == "busy", attempt).now_or_never();
            assert_eq!(done, Some(ending), "{why}");
            assert_eq!(*halves.waits.borrow(), waits, "{why}");
        }
    }

    #[test]
    fn the_first_wait_is_as_long_as_the_attempt_before_it() {
        let halves = Halves::default();
        let attempt = async || {
            halves.now.set(halves.now() + Duration::from_millis(25));
            Err::<(), _>("busy")
        };
        assert_eq!(retry(&halves, BACKOFF, |_| true, attempt).now_or_never(), Some(Err("busy")));
        assert_eq!(*halves.waits.borrow(), [12, 25, 30, 30], "25 ms, doubled up to the longest");
    }
}
