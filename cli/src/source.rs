//! A delivery in a file: a payload as GitHub sends it, or one wrapped as a Function URL event.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use fleet::DeliveryId;
use github::delivery::{DELIVERY_HEADER, EVENT_HEADER};
use github::signature::SIGNATURE_HEADER;
use jiff::Timestamp;
use sandbox::delivery::{Delivery, function_url_event};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::expectation::{self, Sidecar, SignatureHint};

/// A delivery read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The file's name without its ending.
    pub name: String,
    /// The event's name.
    pub event: String,
    /// The delivery's GUID.
    pub id: DeliveryId,
    /// The payload.
    pub payload: Value,
    /// What the file beside it says, if there is one.
    pub sidecar: Option<Sidecar>,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// The bytes that will be signed.
    Payload(String),
    /// A Function URL event, signed already.
    Wrapped(Value),
}

impl Source {
    /// Reads a file. Every error names it and says what would be right.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown} can not be read"))?;
        let json: Value =
            serde_json::from_str(&text).map_err(|error| anyhow!("{shown} is not JSON: {error}"))?;
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if json.get("requestContext").is_some() {
            Self::wrapped(name, json).with_context(|| format!("{shown} is no delivery"))
        } else {
            Self::plain(name, text, json, expectation::beside(file)?)
                .with_context(|| format!("{shown} is no delivery"))
        }
    }

    fn plain(name: String, text: String, payload: Value, sidecar: Option<Sidecar>) -> Result<Self> {
        let hints = sidecar.as_ref().map(|sidecar| sidecar.delivery.clone()).unwrap_or_default();
        let event = match hints.event {
            Some(event) => event,
            None => event_of(&payload)?.to_owned(),
        };
        let id = DeliveryId::new(hints.guid.unwrap_or_else(|| format!("replay-{name}")));
        Ok(Self { name, event, id, payload, sidecar, form: Form::Payload(text) })
    }

    fn wrapped(name: String, event: Value) -> Result<Self> {
        let header = |wanted: &str| {
            let headers = event.get("headers")?.as_object()?;
            let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
        };
        let event_name = header(EVENT_HEADER);
        let Some(event_name) = event_name else {
            bail!("it has no event name: the {EVENT_HEADER} header is missing")
        };
        let id = DeliveryId::new(header(DELIVERY_HEADER).unwrap_or_else(|| format!("replay-{name}")));
        let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
        let payload = serde_json::from_str(body).unwrap_or(Value::Null);
        Ok(Self { name, event: event_name, id, payload, sidecar: None, form: Form::Wrapped(event) })
    }

    /// The same of a job that is created now: Mayfly takes a delivery that is a day old for one that
    /// somebody posts again, and asks GitHub first. What was signed already stays as it is.
    #[must_use]
    pub fn created(mut self, now: Timestamp) -> Self {
        let created = self.payload.pointer_mut("/workflow_job/created_at");
        if let (Some(created), Form::Payload(body)) = (created, &mut self.form) {
            *created = Value::String(now.to_string());
            *body = self.payload.to_string();
        }
        self
    }

    /// The Function URL event, signed with the secret unless it was wrapped and signed before.
    pub fn function_url_event(&self, secret: &SecretString) -> Value {
        match &self.form {
            Form::Payload(_) => function_url_event(self.headers(secret), self.body()),
            Form::Wrapped(event) => event.clone(),
        }
    }

    /// The headers of the POST.
    pub fn headers(&self, secret: &SecretString) -> Vec<(&str, String)> {
        match &self.form {
            Form::Payload(body) => {
                let delivery =
                    Delivery { id: self.id.clone(), event: self.event.clone(), body: body.clone() };
                delivery.headers(&self.signing_secret(secret))
            }
            Form::Wrapped(event) => {
                let headers = event.get("headers").and_then(Value::as_object).into_iter().flatten();
                let wanted = |name: &str| {
                    [EVENT_HEADER, DELIVERY_HEADER, SIGNATURE_HEADER, "content-type"]
                        .iter()
                        .any(|known| name.eq_ignore_ascii_case(known))
                };
                let kept = headers.filter(|(name, _)| wanted(name));
                kept.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default().to_owned()))
                    .collect()
            }
        }
    }

    /// The body of the POST, byte for byte.
    pub fn body(&self) -> &str {
        match &self.form {
            Form::Payload(body) => body,
            Form::Wrapped(event) => event.get("body").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    fn signing_secret(&self, secret: &SecretString) -> SecretString {
        match self.sidecar.as_ref().map(|sidecar| sidecar.delivery.signature).unwrap_or_default() {
            SignatureHint::Right => secret.clone(),
            SignatureHint::Wrong => format!("not {}", secret.expose_secret()).into(),
        }
    }
}

/// The event whose payload this is, by what only that event's has.
fn event_of(payload: &Value) -> Result<&'static str> {
    if payload.get("workflow_job").is_some() {
        Ok(github::workflow_job::EVENT)
    } else if payload.get("zen").is_some() {
        Ok("ping")
    } else {
        Err(anyhow!(
            "it has no event name: it is neither a workflow_job nor a ping payload; name the event in a TOML file beside it, [delivery] event = \"…\""
        ))
    }
}
