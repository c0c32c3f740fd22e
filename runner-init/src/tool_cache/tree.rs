//! The tree: copied by several threads, because each file of a network file system costs a round trip or two.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, FileType};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::bounds::Bounds;

/// How many files are copied at once.
const THREADS: usize = 16;

/// Copies a tree. The source is resolved once: if it is a link that somebody points to another folder meanwhile, the
/// copy is still that of the first folder.
pub(super) fn copy(source: &Path, folder: &Path, bounds: &Bounds) -> io::Result<()> {
    let source = fs::canonicalize(source)?;
    let mut folders = vec![(source, folder.to_owned())];
    while !folders.is_empty() {
        let listed = in_threads(folders, |(from, to)| list(&from, &to, bounds))?;
        let (below, files): (Vec<_>, Vec<_>) =
            listed.into_iter().flatten().partition(|(kind, ..)| kind.is_dir());
        in_threads(files, |(kind, from, to)| copy_file(kind, &from, &to, bounds))?;
        folders = in_threads(below, |(_, from, to)| make_folder(&to, bounds).map(|()| (from, to)))?;
    }
    Ok(())
}

/// A folder's entries, and where each of them goes.
fn list(from: &Path, to: &Path, bounds: &Bounds) -> io::Result<Vec<(FileType, PathBuf, PathBuf)>> {
    bounds.write(0)?;
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_type()?, entry.path(), to.join(entry.file_name())))
    };
    fs::read_dir(from)?.map(entry).collect()
}

fn make_folder(to: &Path, bounds: &Bounds) -> io::Result<()> {
    bounds.make()?;
    DirBuilder::new().mode(0o755).create(to)
}

/// The file's time is kept, because Python's compiled files are valid only for their source's time.
fn copy_file(kind: FileType, from: &Path, to: &Path, bounds: &Bounds) -> io::Result<()> {
    bounds.make()?;
    if kind.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !kind.is_file() {
        return Err(io::Error::other("it has something other than files, folders and links"));
    }
    let mut source = File::open(from)?;
    let about = source.metadata()?;
    bounds.write(about.len())?;
    let mode = about.permissions().mode() & 0o755;
    let mut copy = File::options().write(true).create_new(true).mode(mode).open(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.set_modified(about.modified()?)
}

/// Applies `each` to the items, in any order. The first error ends it.
fn in_threads<T: Send, R: Send>(
    items: Vec<T>,
    each: impl Fn(T) -> io::Result<R> + Sync,
) -> io::Result<Vec<R>> {
    let threads = THREADS.min(items.len());
    let left = Mutex::new(VecDeque::from(items));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || std::iter::from_fn(next).map(&each).collect::<io::Result<Vec<R>>>();
    thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = working
            .into_iter()
            .map(|it| it.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked"))));
        Ok(done.collect::<io::Result<Vec<Vec<R>>>>()?.into_iter().flatten().collect())
    })
}
