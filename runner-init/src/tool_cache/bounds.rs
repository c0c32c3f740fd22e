//! What a restore may take: its time, and half of the disk that is free when it begins.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// What a file or a folder takes beside its bytes, at most: a block.
const BLOCK: u64 = 4096;

/// How far a restore is. It is given up, or it moves things into place, and never both.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU8);

impl Progress {
    const READS: u8 = 0;
    const MOVES: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn turn(&self, to: u8) -> bool {
        self.0.compare_exchange(Self::READS, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Gives it up. `false` if it moves things into place already.
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

/// The bounds of one restore. Threads share them.
#[derive(Debug)]
pub(super) struct Bounds {
    progress: Arc<Progress>,
    most: u64,
    written: AtomicU64,
}

impl Bounds {
    /// Those of a restore into this folder: half of what is free leaves the job as much.
    pub(super) fn new(folder: &Path, progress: Arc<Progress>) -> io::Result<Self> {
        let disk = rustix::fs::statvfs(folder)?;
        Ok(Self {
            progress,
            most: disk.f_bavail.saturating_mul(disk.f_frsize) / 2,
            written: AtomicU64::new(0),
        })
    }

    /// Says that a file or a folder is about to be made.
    pub(super) fn make(&self) -> io::Result<()> {
        self.write(BLOCK)
    }

    /// Says that so many bytes are about to be written. An error if the restore was given up, or if that is too
    /// much.
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

    /// What is read counts as about to be written.
    pub(super) fn on<R: Read>(&self, reader: R) -> Bounded<'_, R> {
        Bounded { bounds: self, reader }
    }
}

/// A reader within bounds.
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
