//! `X-Hub-Signature-256`: HMAC-SHA256 over the raw bytes of the body (GitHub: "Validating webhook
//! deliveries").

use fleet::mac;
use hex::FromHexError;
use secrecy::SecretString;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

const ALGORITHM: &str = "sha256";
const TAG_BYTES: usize = 32;

/// Why a body is not believed. No message holds a signature or a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature header: the hook has no secret, or somebody else sent this.
    #[error("the {SIGNATURE_HEADER} header is missing; give the webhook its secret")]
    Missing,
    /// The header is not `<algorithm>=<hex>`.
    #[error("the {SIGNATURE_HEADER} header is not of the form sha256=<64 hexadecimal digits>")]
    Malformed,
    /// The signature was made with something else than SHA-256.
    #[error("the signature's algorithm is not {ALGORITHM}")]
    WrongAlgorithm,
    /// The signature is not 32 bytes long.
    #[error("the signature is not 32 bytes long")]
    WrongLength,
    /// The signature fits none of the secrets.
    #[error("the signature does not fit; the webhook's secret is not the one Mayfly knows")]
    Mismatch,
}

/// Checks a signature header against the body's raw bytes, in constant time.
///
/// Several secrets may be valid at once, for a rotation; all of them are tried every time.
pub fn check(header: Option<&str>, body: &[u8], secrets: &[SecretString]) -> Result<(), SignatureError> {
    let tag = parse(header.ok_or(SignatureError::Missing)?)?;
    if mac::fits(secrets, body, &tag) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// Signs a body as GitHub does: the value of the header.
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    format!("{ALGORITHM}={}", mac::tag(secret, body))
}

fn parse(header: &str) -> Result<Vec<u8>, SignatureError> {
    let (algorithm, digits) = header.split_once('=').ok_or(SignatureError::Malformed)?;
    if algorithm != ALGORITHM {
        return Err(SignatureError::WrongAlgorithm);
    }
    match hex::decode(digits) {
        Ok(tag) if tag.len() == TAG_BYTES => Ok(tag),
        Ok(_) | Err(FromHexError::OddLength) => Err(SignatureError::WrongLength),
        Err(_) => Err(SignatureError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// GitHub's documented vector ("Testing the webhook payload validation").
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|&text| text.into()).collect()
    }

    #[test]
    fn githubs_documented_vector() {
        assert_eq!(check(Some(SIGNATURE), BODY, &secrets(&[SECRET])), Ok(()));
        assert_eq!(sign(&SECRET.into(), BODY), SIGNATURE);
    }

    #[test]
    fn during_a_rotation_either_secret_fits() {
        for known in [["new", SECRET], [SECRET, "new"]] {
            assert_eq!(check(Some(SIGNATURE), BODY, &secrets(&known)), Ok(()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        use SignatureError::{Malformed, Mismatch, Missing, WrongAlgorithm, WrongLength};
        let hex = SIGNATURE.strip_prefix("sha256=").unwrap();
        for (header, error, why) in [
            (None, Missing, "no header"),
            (Some(String::new()), Malformed, "empty"),
            (Some(hex.to_owned()), Malformed, "no algorithm"),
            (Some(format!("sha1={}", &hex[..40])), WrongAlgorithm, "the old header's algorithm"),
            (Some(format!("SHA256={hex}")), WrongAlgorithm, "GitHub writes it in lower case"),
            (Some("sha256=".to_owned()), WrongLength, "no digits"),
            (Some(SIGNATURE[..SIGNATURE.len() - 1].to_owned()), WrongLength, "truncated by a digit"),
            (Some(SIGNATURE[..SIGNATURE.len() - 2].to_owned()), WrongLength, "truncated by a byte"),
            (Some(format!("{SIGNATURE}00")), WrongLength, "a byte too long"),
            (Some(format!("sha256=zz{}", &hex[2..])), Malformed, "not hexadecimal"),
            (Some(format!("sha256=+1{}", &hex[2..])), Malformed, "a sign is no digit"),
            (Some(format!("sha256={}", "0".repeat(64))), Mismatch, "another signature"),
        ] {
            assert_eq!(check(header.as_deref(), BODY, &secrets(&[SECRET])), Err(error), "{why}");
        }
        assert_eq!(
            check(Some(SIGNATURE), b"Hello, World", &secrets(&[SECRET])),
            Err(Mismatch),
            "another body"
        );
        assert_eq!(check(Some(SIGNATURE), BODY, &secrets(&["another"])), Err(Mismatch), "another secret");
        assert_eq!(check(Some(SIGNATURE), BODY, &[]), Err(Mismatch), "no secret at all");
    }

    proptest! {
        #[test]
        fn what_is_signed_fits_and_what_is_changed_does_not(
            body in proptest::collection::vec(any::<u8>(), 1..200),
            at in any::<proptest::sample::Index>(),
            flip in 1..=255_u8,
        ) {
            let header = sign(&"secret".into(), &body);
            prop_assert_eq!(check(Some(&header), &body, &secrets(&["secret"])), Ok(()));
            let mut changed = body.clone();
            changed[at.index(body.len())] ^= flip;
            let found = check(Some(&header), &changed, &secrets(&["secret"]));
            prop_assert_eq!(found, Err(SignatureError::Mismatch));
        }
    }
}
