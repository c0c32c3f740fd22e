//! Exceptions, as the protocol writes them.

use fleet::TaskArn;
use serde_json::{Value, json};

use sandbox::ecs::Exception;

/// How a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// An exception, by its code and message.
    Exception(String, String),
    /// The client token belongs to this task.
    Conflict(TaskArn),
}

impl Refusal {
    pub(super) fn exception(code: &str, message: impl Into<String>) -> Self {
        Self::Exception(code.to_owned(), message.into())
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::exception("InvalidParameterException", message)
    }

    /// Its status and body.
    pub(super) fn into_answer(self) -> (u16, Value) {
        match self {
            Self::Exception(code, message) => {
                let status = if code == "ServerException" { 500 } else { 400 };
                (status, json!({"__type": code, "message": message}))
            }
            Self::Conflict(task) => {
                let message = "The client token was used with other parameters.";
                (400, json!({"__type": "ConflictException", "message": message, "resourceIds": [task]}))
            }
        }
    }
}

impl From<Exception> for Refusal {
    fn from(exception: Exception) -> Self {
        Self::exception(exception.code, exception.message)
    }
}
