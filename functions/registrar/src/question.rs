//! A request, read: which question it is, and what it says.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet::claim::{CLAIM, Question, RELEASE};

use crate::answer::{Answer, malformed};

/// The largest body that is looked at, in bytes: a question has about 200.
const BODY_LIMIT: usize = 4 * 1024;

/// The longest boot id that is taken, in characters.
const BOOT_LIMIT: usize = 64;

/// Which question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    Claim,
    Release,
}

pub(crate) fn read(request: &LambdaFunctionUrlRequest) -> Result<(Path, Question), Answer> {
    let path = match request.raw_path.as_deref().unwrap_or_default().trim_matches('/') {
        CLAIM => Path::Claim,
        RELEASE => Path::Release,
        _ => return Err(malformed("the path is neither /claim nor /release")),
    };
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
    // What serde says of a value may repeat it, and it may be the ticket.
    let question: Question = serde_json::from_slice(&bytes)
        .map_err(|_| malformed("the body is not JSON with the texts `ticket` and `boot`"))?;
    if !(1..=BOOT_LIMIT).contains(&question.boot.as_str().len()) {
        return Err(malformed("`boot` has not 1 to 64 characters"));
    }
    Ok((path, question))
}
