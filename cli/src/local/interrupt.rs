//! Ctrl-C, from the first moment on.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch::{Receiver, channel};
use tokio::task::AbortHandle;
use wire::ministack::Ministack;

/// How long a start may take to notice that it is over. Then the whole process ends, and ministack with it.
const NOTICED: Duration = Duration::from_millis(1500);

/// Ctrl-C. A start blocks while it waits for programs, so it cannot notice this itself; it is cut off from
/// outside.
#[derive(Debug)]
pub(super) struct Interrupt {
    pressed: Receiver<bool>,
    ministack: Arc<Mutex<Option<Arc<Ministack>>>>,
    cutting: AbortHandle,
}

impl Interrupt {
    /// Listens from now on. Until [`started`](Self::started), Ctrl-C ends ministack, which fails the start.
    pub(super) fn listen() -> io::Result<Self> {
        let mut signals = signal(SignalKind::interrupt())?;
        let (press, pressed) = channel(false);
        tokio::spawn(async move {
            signals.recv().await;
            press.send_replace(true);
        });
        let ministack = Arc::<Mutex<Option<Arc<Ministack>>>>::default();
        let (mut seen, held) = (pressed.clone(), Arc::clone(&ministack));
        let cutting = tokio::spawn(async move {
            if seen.wait_for(|pressed| *pressed).await.is_ok() {
                std::thread::spawn(move || end(&held));
                tokio::time::sleep(NOTICED).await;
                std::process::exit(0);
            }
        });
        Ok(Self { pressed, ministack, cutting: cutting.abort_handle() })
    }

    /// What Ctrl-C ends from now on. Fails if it was pressed already.
    pub(super) fn ends(&self, ministack: &Arc<Ministack>) -> Result<()> {
        *self.ministack.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(ministack));
        ensure!(!self.is_pressed(), "interrupted");
        Ok(())
    }

    /// Everything runs: from now on, the code that waits for Ctrl-C ends it in order.
    pub(super) fn started(&self) {
        self.cutting.abort();
        self.ministack.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn is_pressed(&self) -> bool {
        *self.pressed.borrow()
    }

    /// Waits for it.
    pub(super) async fn pressed(&mut self) {
        // The sender lives as long as the runtime.
        let _ = self.pressed.wait_for(|pressed| *pressed).await;
    }
}

fn end(held: &Mutex<Option<Arc<Ministack>>>) {
    let ministack = held.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(ministack) = ministack {
        ministack.end();
    }
}
