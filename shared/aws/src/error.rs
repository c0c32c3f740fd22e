//! The SDK's errors as one line for a log.

use std::error::Error;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

/// What the SDK calls a request that was not sent.
const DISPATCH: &str = "dispatch failure";

/// What it says if that is because it found nobody to sign the request as: on a person's machine, who has not logged in.
const CREDENTIALS: &str = "credential";

/// What went wrong: the service's code and message, or why there was no answer.
///
/// The SDK's own text of an error shows the whole answer where it could not be read, and with it
/// whatever secret is in there. This one is made of the errors' messages alone.
pub(crate) fn error_text<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) if error.to_string() == DISPATCH && chain(error).contains(CREDENTIALS) => {
            "AWS does not know you: `aws sso login`, or `aws configure` for keys".to_owned()
        }
        (None, _) => chain(error),
    }
}

/// An error and what caused it, outermost first.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let texts = causes.map(ToString::to_string);
    std::iter::once(error.to_string()).chain(texts).collect::<Vec<_>>().join(": ")
}
