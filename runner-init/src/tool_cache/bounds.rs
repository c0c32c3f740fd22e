//! The limits of a restore: its time, and half of the disk that is free when it begins.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The most that a file or folder takes in addition to its bytes: a block.
const BLOCK: u64 = 4096;

/// The progress of a restore. It is either given up or moves things into place, never both.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU8);

impl Progress {
    const READS: u8 = 0;
    const MOVES: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn turn(&self, to: u8) -> bool {
        self.0.compare_exchange(Self::READS, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Gives it up. `false` if it is already moving things into place.
    pub(super) fn give_up(&self) -> bool {
        self.turn(Self::GIVEN_UP)
    }

    /// Begins to move things into place. `false` if it was given up.
    pub(super) fn move_into_place(&self) -> bool {
        self.turn(Self::MOVES)
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.0.load(Ordering::SeqCst) == Self::GIVEN_UP
    }
}

/// The limits of one restore, which threads share.
#[derive(Debug)]
pub(super) struct Bounds {
    progress: Arc<Progress>,
    most: u64,
    written: AtomicU64,
}

impl Bounds {
    /// The limits of a restore into this folder: half of the free disk, which leaves the other half to the job.
    pub(super) fn new(folder: &Path, progress: Arc<Progress>) -> io::Result<Self> {
        let disk = rustix::fs::statvfs(folder)?;
        Ok(Self {
            progress,
            most: disk.f_bavail.saturating_mul(disk.f_frsize) / 2,
            written: AtomicU64::new(0),
        })
    }

    /// Announces that a file or folder will be made.
    pub(super) fn make(&self) -> io::Result<()> {
        self.write(BLOCK)
    }

    /// Announces that this many bytes will be written. An error if the restore was given up, or if they are too many.
    pub(super) fn write(&self, bytes: u64) -> io::Result<()> {
        if self.progress.is_given_up() {
            return Err(io::Error::other("it was given up"));
        }
        let written = self.written.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if written > self.most {
            let most = self.most / 1_000_000;
            return Err(io::Error::other(format!("it takes more than {most} MB, half of the free disk")));
        }
        Ok(())
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Bytes that are read count as bytes that will be written.
    pub(super) fn on<R: Read>(&self, reader: R) -> Bounded<'_, R> {
        Bounded { bounds: self, reader }
    }
}

/// A reader that keeps the limits.
pub(super) struct Bounded<'a, R> {
    bounds: &'a Bounds,
    reader: R,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bounds.write(read as u64)?;
        Ok(read)
    }
}
