//! The archive: copied, checked against its digest, unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;
use std::time::Duration;

use ruzstd::decoding::StreamingDecoder;
use sha2::{Digest as _, Sha256};
use tar::{Archive, EntryType};
use ureq::Agent;

use super::NotRestored;
use super::bounds::Bounds;
use crate::registrar;

/// The first bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The longest time for a fetch. PID 1's own limit is shorter; this one ends the thread.
const PATIENCE: Duration = Duration::from_mins(5);

/// A copy of the archive that has the right digest, so the checked bytes are the unpacked ones.
pub(super) fn copy(
    place: &str,
    sha256: &[u8; 32],
    folder: &Path,
    bounds: &Bounds,
) -> Result<File, NotRestored> {
    let mut copy = Copy { file: tempfile::tempfile_in(folder)?, digest: Sha256::new() };
    if place.starts_with("https://") {
        // Without a proxy: the bucket answers only requests through the network's S3 endpoint.
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .https_only(true)
            .proxy(None)
            .tls_config(registrar::tls())
            .build();
        let fetched = Agent::new_with_config(config).get(place).call();
        let mut response = fetched.map_err(|error| NotRestored::Fetch(Box::new(error)))?;
        io::copy(&mut bounds.on(response.body_mut().as_reader()), &mut copy)?;
    } else {
        io::copy(&mut bounds.on(File::open(place)?), &mut copy)?;
    }
    if copy.digest.finalize().as_slice() != sha256 {
        return Err(NotRestored::OtherDigest);
    }
    copy.file.rewind()?;
    Ok(copy.file)
}

struct Copy {
    file: File,
    digest: Sha256,
}

impl io::Write for Copy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.digest.update(bytes.get(..length).unwrap_or_default());
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Unpacks it into a folder. The files belong to root, and only root may write to them.
pub(super) fn unpack(archive: &File, folder: &Path, bounds: &Bounds) -> Result<(), NotRestored> {
    let mut file = BufReader::new(archive);
    let mut begin = [0; ZSTD.len()];
    let is_zstd = file.read_exact(&mut begin).is_ok() && begin == ZSTD;
    file.rewind()?;
    if is_zstd {
        let decoder = StreamingDecoder::new(file).map_err(io::Error::other)?;
        unpack_tar(Archive::new(bounds.on(decoder)), folder, bounds)?;
    } else {
        unpack_tar(Archive::new(bounds.on(file)), folder, bounds)?;
    }
    Ok(())
}

fn unpack_tar(mut tar: Archive<impl Read>, folder: &Path, bounds: &Bounds) -> io::Result<()> {
    tar.set_mask(0o022);
    tar.set_preserve_ownerships(false);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if !matches!(kind, EntryType::Regular | EntryType::Directory | EntryType::Symlink | EntryType::Link) {
            return Err(io::Error::other(format!("it has an entry of kind {kind:?}")));
        }
        bounds.make()?;
        if !entry.unpack_in(folder)? {
            return Err(io::Error::other("it has an entry outside its folder"));
        }
    }
    Ok(())
}
