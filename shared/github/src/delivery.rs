//! A webhook delivery: its headers, and its body once the signature is proven.

use fleet::{DeliveryId, quote};
use http::HeaderMap;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::signature::{self, SIGNATURE_HEADER, SignatureError};

/// The header that names the event.
pub const EVENT_HEADER: &str = "x-github-event";

/// The header that carries the delivery's GUID.
pub const DELIVERY_HEADER: &str = "x-github-delivery";

/// Characters of a delivery's id that are kept.
const ID_LENGTH: usize = 64;

/// A body whose signature fitted, with the headers it came with. Nothing else reads a body.
#[derive(Debug)]
pub struct Verified<'a> {
    headers: &'a HeaderMap,
    body: &'a [u8],
}

/// What is wrong with a delivery that GitHub has signed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A header is not there, or not text.
    #[error("the {0} header is missing")]
    MissingHeader(&'static str),
    /// GitHub's form-encoded content type carries JSON, but is not JSON.
    #[error("the body is a form; set the webhook's content type to application/json")]
    FormEncoded,
    /// The payload is not what its event's should be.
    #[error("the payload does not read as {event}: {}", quote::sentence(&error.to_string()))]
    Payload {
        /// The event's name.
        event: &'static str,
        /// What is wrong, and where.
        error: serde_json::Error,
    },
}

/// Proves that GitHub sent these bytes, by any of the secrets.
pub fn verify<'a>(
    headers: &'a HeaderMap,
    body: &'a [u8],
    secrets: &[SecretString],
) -> Result<Verified<'a>, SignatureError> {
    signature::check(text(headers, SIGNATURE_HEADER), body, secrets)?;
    Ok(Verified { headers, body })
}

impl Verified<'_> {
    /// The event's name: `workflow_job`, `ping` and others.
    pub fn event(&self) -> Result<&str, DeliveryError> {
        text(self.headers, EVENT_HEADER).ok_or(DeliveryError::MissingHeader(EVENT_HEADER))
    }

    /// The delivery's GUID, which a redelivery keeps. The signature says nothing of it: whatever stands there,
    /// no more is taken than a GUID has, or a name that somebody gives a trial.
    pub fn id(&self) -> Result<DeliveryId, DeliveryError> {
        let id = text(self.headers, DELIVERY_HEADER).ok_or(DeliveryError::MissingHeader(DELIVERY_HEADER))?;
        Ok(DeliveryId::new(id.chars().take(ID_LENGTH).collect::<String>()))
    }

    /// Reads the payload as that of `event`.
    pub fn payload<T: DeserializeOwned>(&self, event: &'static str) -> Result<T, DeliveryError> {
        if self.body.starts_with(b"payload=") {
            return Err(DeliveryError::FormEncoded);
        }
        serde_json::from_slice(self.body).map_err(|error| DeliveryError::Payload { event, error })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn signed(body: &[u8]) -> HeaderMap {
        let secret = "secret".into();
        HeaderMap::from_iter([
            (SIGNATURE_HEADER.parse().unwrap(), signature::sign(&secret, body).parse().unwrap()),
            (EVENT_HEADER.parse().unwrap(), HeaderValue::from_static("workflow_job")),
            (
                DELIVERY_HEADER.parse().unwrap(),
                HeaderValue::from_static("72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ),
        ])
    }

    #[test]
    fn a_proven_delivery_tells_its_event_and_its_guid() {
        let headers = signed(b"{}");
        let delivery = verify(&headers, b"{}", &["secret".into()]).unwrap();
        assert_eq!(delivery.event().unwrap(), "workflow_job");
        assert_eq!(delivery.id().unwrap().as_str(), "72d3162e-cc78-11e3-81ab-4c9367dc0958");
        assert_eq!(verify(&headers, b"{ }", &["secret".into()]).unwrap_err(), SignatureError::Mismatch);
    }

    #[test]
    fn a_missing_header_is_named() {
        let mut headers = signed(b"{}");
        headers.remove(EVENT_HEADER);
        headers.insert(DELIVERY_HEADER, HeaderValue::from_static(""));
        let delivery = verify(&headers, b"{}", &["secret".into()]).unwrap();
        assert_eq!(delivery.event().unwrap_err().to_string(), "the x-github-event header is missing");
        assert_eq!(delivery.id().unwrap_err().to_string(), "the x-github-delivery header is missing");
    }

    #[test]
    fn a_broken_payload_says_where_and_a_form_says_how_to_mend_it() {
        for (body, says) in [
            (
                &b"{\"action\":"[..],
                "the payload does not read as workflow_job: EOF while parsing a value at line 1 column 10",
            ),
            (b"payload=%7B%7D", "the body is a form; set the webhook's content type to application/json"),
        ] {
            let headers = signed(body);
            let delivery = verify(&headers, body, &["secret".into()]).unwrap();
            let error = delivery.payload::<serde_json::Value>("workflow_job").unwrap_err();
            assert_eq!(error.to_string(), says);
        }
    }
}
