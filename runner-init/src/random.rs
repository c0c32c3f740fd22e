//! Random numbers from the kernel.

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// Numbers from one seed of the kernel's. They are good enough to spread waits, and used for nothing else.
#[derive(Debug)]
pub(crate) struct SeededRandom(u64);

impl SeededRandom {
    /// Takes a seed.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(u64::from_ne_bytes(bytes()?) | 1))
    }

    /// From 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }
}

/// 128 random bits from the kernel, in hex: an id that no other boot has.
pub(crate) fn id() -> io::Result<String> {
    Ok(hex::encode(bytes::<16>()?))
}

fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(bytes)
}
