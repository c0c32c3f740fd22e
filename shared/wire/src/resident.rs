//! A value that lives on a thread of its own.
//!
//! The sandbox is made for one thread, and servers are not: they ask it here.

use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::oneshot;

type OnResident<T> = Box<dyn FnOnce(&mut T) + Send>;

/// The way to a value on its thread, which ends when the last of these is dropped.
pub struct Resident<T>(Sender<OnResident<T>>);

impl<T> Clone for Resident<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Resident<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resident").finish_non_exhaustive()
    }
}

impl<T: 'static> Resident<T> {
    /// Makes the value on a new thread.
    pub fn start(make: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, acts) = channel::<OnResident<T>>();
        thread::spawn(move || {
            let mut value = make();
            for act in acts {
                act(&mut value);
            }
        });
        Self(sender)
    }

    /// Runs something on the value and waits for it. `None` if that panicked, or something before it.
    pub fn with<R: Send + 'static>(&self, act: impl FnOnce(&mut T) -> R + Send + 'static) -> Option<R> {
        let (sender, result) = channel();
        let send = move |value: &mut T| drop(sender.send(act(value)));
        self.0.send(Box::new(send)).ok()?;
        result.recv().ok()
    }

    /// As [`Resident::with`], for who must not block.
    pub async fn ask<R: Send + 'static>(&self, act: impl FnOnce(&mut T) -> R + Send + 'static) -> Option<R> {
        let (sender, result) = oneshot::channel();
        let send = move |value: &mut T| drop(sender.send(act(value)));
        self.0.send(Box::new(send)).ok()?;
        result.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_value_of_one_thread_is_asked_from_another() {
        let resident = Resident::start(|| Rc::new(vec![1]));
        let other = resident.clone();
        other.with(|value| Rc::make_mut(value).push(2));
        assert_eq!(resident.with(|value| value.len()), Some(2));
        assert_eq!(resident.with(|_| -> u8 { panic!("in there") }), None);
        assert_eq!(resident.with(|value| value.len()), None, "it is gone");
    }
}
