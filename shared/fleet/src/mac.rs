//! HMAC-SHA256 under several keys at once: webhook signatures and tickets.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The tag of a message, in lower-case hex: 64 digits.
pub fn tag(key: &SecretString, message: &[u8]) -> String {
    keyed(key, message).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
}

/// Whether a tag fits a message under any of the keys (two during a rotation).
///
/// The comparison takes constant time, and every key is tried, so that the time taken does not tell
/// which one fitted.
pub fn fits(keys: &[SecretString], message: &[u8], tag: &[u8]) -> bool {
    let tried = keys.iter().filter_map(|key| keyed(key, message)).map(|mac| mac.verify_slice(tag).is_ok());
    tried.fold(false, |any, fits| any | fits)
}

/// HMAC takes a key of any length, so the `None` never comes; the type says that it might.
fn keyed(key: &SecretString, message: &[u8]) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    Some(mac.chain_update(message))
}
