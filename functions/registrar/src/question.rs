//! A request, read.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet::question::{ASK, Question, QuestionVersion};
use serde::Deserialize;

use crate::answer::{AnswerToPid1, malformed};

/// The largest body that is looked at, in bytes: a question has about 250.
const BODY_LIMIT: usize = 4 * 1024;

/// The longest boot id that is taken, in characters.
const BOOT_LIMIT: usize = 64;

pub(crate) fn read(request: &LambdaFunctionUrlRequest) -> Result<Question, AnswerToPid1> {
    if request.raw_path.as_deref().unwrap_or_default().trim_matches('/') != ASK {
        return Err(malformed("the path is not /ask"));
    }
    if request.request_context.http.method.as_deref() != Some("POST") {
        return Err(malformed("the method is not POST"));
    }
    let body = request.body.as_deref().unwrap_or_default();
    if body.len() > BODY_LIMIT {
        return Err(malformed("the body is longer than 4096 bytes"));
    }
    let bytes = if request.is_base64_encoded {
        STANDARD.decode(body).map_err(|_| malformed("the body is said to be base64 and is not"))?
    } else {
        body.as_bytes().to_vec()
    };
    let question: Question = serde_json::from_slice(&bytes).map_err(|_| unreadable(&bytes))?;
    if !(1..=BOOT_LIMIT).contains(&question.boot.length()) {
        return Err(malformed("`boot` has not 1 to 64 characters"));
    }
    Ok(question)
}

/// What is wrong with a body. What serde says of a value may repeat it, and it may be the ticket.
fn unreadable(bytes: &[u8]) -> AnswerToPid1 {
    #[derive(Deserialize)]
    struct OfVersion {
        version: u32,
    }
    let other =
        serde_json::from_slice(bytes).ok().and_then(|it: OfVersion| QuestionVersion::of(it.version).err());
    other.map_or_else(
        || {
            malformed(
                "the body is not JSON with the texts `ticket`, `boot` and `listener` (none, starting, up)",
            )
        },
        |unknown| malformed(&format!("`version`: {unknown}")),
    )
}
