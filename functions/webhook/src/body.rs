//! The raw bytes that GitHub signed, as the Function URL passes them on.

use std::borrow::Cow;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::AnswerToGithub;

/// The largest accepted body, in bytes. A `workflow_job` payload has about 13 KB, so this is far above any
/// real one and still cheap to verify. GitHub itself stops at 25 MB, Lambda at 6 MB.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// The body's bytes exactly as sent, decoded if the Function URL encoded them.
pub(crate) fn raw(request: &LambdaFunctionUrlRequest) -> Result<Cow<'_, [u8]>, AnswerToGithub> {
    let body = request.body.as_deref().unwrap_or_default();
    let encoded_limit = BODY_LIMIT.div_ceil(3) * 4;
    let limit = if request.is_base64_encoded { encoded_limit } else { BODY_LIMIT };
    if body.len() > limit {
        return Err(AnswerToGithub::too_large(BODY_LIMIT));
    }
    if !request.is_base64_encoded {
        return Ok(Cow::Borrowed(body.as_bytes()));
    }
    let bytes = STANDARD
        .decode(body)
        .map_err(|_| AnswerToGithub::bad_request("the body is said to be base64 and is not"))?;
    if bytes.len() > BODY_LIMIT { Err(AnswerToGithub::too_large(BODY_LIMIT)) } else { Ok(Cow::Owned(bytes)) }
}
