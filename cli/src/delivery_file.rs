//! A delivery in a file: a payload as GitHub sends it, or one wrapped as a Function URL event.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fleet::DeliveryId;
use github::delivery::{DELIVERY_HEADER, EVENT_HEADER};
use github::signature::SIGNATURE_HEADER;
use jiff::Timestamp;
use sandbox::delivery::{Delivery, function_url_event};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::sidecar::{self, Sidecar, SignatureHint};
use crate::words;

/// A delivery read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryFile {
    /// The file's name without its ending.
    pub name: String,
    /// The event's name.
    pub event: String,
    /// The delivery's GUID.
    pub id: DeliveryId,
    /// The payload.
    pub payload: Value,
    /// The contents of the TOML file beside it, if there is one.
    pub sidecar: Option<Sidecar>,
    form: FileForm,
}

#[derive(Debug, Clone, PartialEq)]
enum FileForm {
    /// The bytes that will be signed.
    Payload(String),
    /// A Function URL event, signed already, and the bytes of its body.
    Wrapped(Value, Vec<u8>),
}

/// The argument that stands for standard input.
const STANDARD_INPUT: &str = "-";

impl DeliveryFile {
    /// Reads deliveries in this order: files, the files of folders, and `-` for standard input. Every error
    /// names the file and says what would be right.
    pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>> {
        let mut sources = Vec::new();
        for path in paths {
            if path.as_os_str() == STANDARD_INPUT {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
                sources.push(Self::parse("stdin", text, None).context("standard input")?);
            } else if path.is_dir() {
                for file in files(path)? {
                    sources.push(Self::read(&file)?);
                }
            } else {
                sources.push(Self::read(path)?);
            }
        }
        Ok(sources)
    }

    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let sidecar = sidecar::beside(file)?;
        Self::parse(&name, text, sidecar).with_context(|| shown.to_string())
    }

    fn parse(name: &str, text: String, sidecar: Option<Sidecar>) -> Result<Self> {
        // Some editors put a byte order mark before the text. It is no part of the payload.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let json: Value = serde_json::from_str(&text).map_err(|error| words::not_json(&text, &error))?;
        let name = name.to_owned();
        if json.get("requestContext").is_some() {
            Self::wrapped(name, json)
        } else {
            Self::plain(name, text, json, sidecar)
        }
    }

    fn plain(name: String, text: String, payload: Value, sidecar: Option<Sidecar>) -> Result<Self> {
        let hints = sidecar.as_ref().map(|sidecar| sidecar.delivery.clone()).unwrap_or_default();
        let event = match hints.event {
            Some(event) => event,
            None => event_of(&payload)?.to_owned(),
        };
        let id = DeliveryId::new(hints.guid.unwrap_or_else(|| format!("replay-{name}")));
        Ok(Self { name, event, id, payload, sidecar, form: FileForm::Payload(text) })
    }

    fn wrapped(name: String, event: Value) -> Result<Self> {
        let header = |wanted: &str| {
            let headers = event.get("headers")?.as_object()?;
            let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
        };
        let event_name = header(EVENT_HEADER);
        let Some(event_name) = event_name else {
            bail!("it is not a delivery: it has no {EVENT_HEADER} header, which names the event")
        };
        let id = DeliveryId::new(header(DELIVERY_HEADER).unwrap_or_else(|| format!("replay-{name}")));
        let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
        let body = if event.get("isBase64Encoded") == Some(&Value::Bool(true)) {
            BASE64.decode(body).context("its isBase64Encoded is true, and its body is not base64")?
        } else {
            body.as_bytes().to_vec()
        };
        let payload = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Self { name, event: event_name, id, payload, sidecar: None, form: FileForm::Wrapped(event, body) })
    }

    /// The same delivery for a job created now. A delivery that is a day old counts as an old one that
    /// somebody posts again, so GitHub would be asked first. A delivery that is already signed stays as it
    /// is.
    #[must_use]
    pub fn created(mut self, now: Timestamp) -> Self {
        let created = self.payload.pointer_mut("/workflow_job/created_at");
        if let (Some(created), FileForm::Payload(body)) = (created, &mut self.form) {
            *created = Value::String(now.to_string());
            *body = self.payload.to_string();
        }
        self
    }

    /// The Function URL event, signed with the secret, unless it was wrapped and signed before.
    pub fn function_url_event(&self, secret: &SecretString) -> Value {
        match &self.form {
            FileForm::Payload(body) => function_url_event(self.headers(secret), body),
            FileForm::Wrapped(event, _) => event.clone(),
        }
    }

    /// The headers of the POST.
    pub fn headers(&self, secret: &SecretString) -> Vec<(&str, String)> {
        match &self.form {
            FileForm::Payload(body) => {
                let delivery =
                    Delivery { id: self.id.clone(), event: self.event.clone(), body: body.clone() };
                delivery.headers(&self.signing_secret(secret))
            }
            FileForm::Wrapped(event, _) => {
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
    pub fn body(&self) -> &[u8] {
        match &self.form {
            FileForm::Payload(body) => body.as_bytes(),
            FileForm::Wrapped(_, body) => body,
        }
    }

    fn signing_secret(&self, secret: &SecretString) -> SecretString {
        match self.sidecar.as_ref().map(|sidecar| sidecar.delivery.signature).unwrap_or_default() {
            SignatureHint::Right => secret.clone(),
            SignatureHint::Wrong => format!("not {}", secret.expose_secret()).into(),
        }
    }
}

/// The events of a folder: its `*.json` files, by name.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let entries = std::fs::read_dir(folder).with_context(unreadable)?.collect::<Result<Vec<_>, _>>();
    let mut files: Vec<_> = entries.with_context(unreadable)?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort_by_key(|file| file.file_stem().map(std::ffi::OsStr::to_owned));
    if files.is_empty() {
        bail!("{} holds no event (*.json)", folder.display());
    }
    Ok(files)
}

/// The event that this payload belongs to, recognised by a field that only that event has.
fn event_of(payload: &Value) -> Result<&'static str> {
    if payload.get("workflow_job").is_some() {
        Ok(github::workflow_job::EVENT)
    } else if payload.get("zen").is_some() {
        Ok("ping")
    } else {
        Err(anyhow!(
            "it is neither a workflow_job nor a ping payload; if it is another event's, name that in a TOML file beside it: [delivery] event = \"…\""
        ))
    }
}
