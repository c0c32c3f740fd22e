//! The tool cache, restored before the first question. Every job of the pool can read it, and no job can change it.
//!
//! Everything is first read into a folder beside it. From there complete versions are moved into place, so that a job
//! finds a version either complete or not at all.

mod archive;
mod bounds;
mod markers;
mod place;
mod tree;

use std::io;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use self::bounds::{Bounds, Progress};
pub use self::markers::Markers;

/// Where the tool cache comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolCacheSource {
    /// A tar, with or without zstd, at a path or an `https://` URL.
    Archive {
        /// Where it is.
        place: String,
        /// Its expected SHA-256.
        sha256: [u8; 32],
    },
    /// A folder, or a link to one, with the layout of the tool cache.
    Tree(PathBuf),
}

/// Why there is no tool cache. The job then runs without it, but slower.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// It could not be read or written, or it exceeds a limit.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(Box<ureq::Error>),
    /// Its digest is wrong, so it is not used.
    #[error("it has the wrong SHA-256, so it is not used")]
    OtherDigest,
    /// It was not complete in time.
    #[error("it is not complete in time")]
    OutOfTime,
    /// A bug in this program.
    #[error("PID 1 panicked")]
    Panicked,
}

/// A running restore, on its own thread. A read from a source may never return, so nobody waits for the thread. It ends
/// with the process.
#[derive(Debug)]
pub(crate) struct Restore(Arc<Progress>);

impl Restore {
    /// Starts it. It drops `ended` at its end, which the holder of the other end notices.
    pub(crate) fn start(source: ToolCacheSource, folder: PathBuf, ended: UnixStream) -> Self {
        let progress = Arc::new(Progress::default());
        let of_thread = Arc::clone(&progress);
        std::thread::spawn(move || {
            restore_and_tell(&source, &folder, &of_thread);
            drop(ended);
        });
        Self(progress)
    }

    /// Gives it up, unless it is already moving versions into place. Then nothing of it gets into the tool cache.
    pub(crate) fn give_up(&self) {
        if self.0.give_up() {
            tracing::warn!(error = %NotRestored::OutOfTime, "tool cache not restored");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the real time that a real restore takes")]
fn restore_and_tell(source: &ToolCacheSource, folder: &Path, progress: &Arc<Progress>) {
    let began = Instant::now();
    let restored = catch_unwind(AssertUnwindSafe(|| restore(source, folder, progress)));
    match restored.unwrap_or(Err(NotRestored::Panicked)) {
        Ok(Restored { versions, bytes }) => {
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!(versions, bytes, seconds, "tool cache restored");
        }
        // `give_up` has logged it.
        Err(_) if progress.is_given_up() => {}
        Err(error) => tracing::warn!(%error, "tool cache not restored"),
    }
}

/// What was restored.
struct Restored {
    versions: usize,
    /// All bytes that were written, including those of deleted files.
    bytes: u64,
}

fn restore(
    source: &ToolCacheSource,
    folder: &Path,
    progress: &Arc<Progress>,
) -> Result<Restored, NotRestored> {
    std::fs::create_dir_all(folder)?;
    let bounds = Bounds::new(folder, Arc::clone(progress))?;
    // Beside the versions, so that a move is a rename. Nobody else can read it until then.
    let staging = tempfile::Builder::new().prefix(".restoring-").tempdir_in(folder)?;
    let read = staging.path().join("read");
    std::fs::create_dir(&read)?;
    match source {
        ToolCacheSource::Archive { place, sha256 } => {
            archive::unpack(&archive::copy(place, sha256, staging.path(), &bounds)?, &read, &bounds)?;
        }
        ToolCacheSource::Tree(tree) => tree::copy(tree, &read, &bounds)?,
    }
    if !progress.move_into_place() {
        return Err(NotRestored::OutOfTime);
    }
    Ok(Restored { versions: place::place(&read, folder)?, bytes: bounds.written() })
}
