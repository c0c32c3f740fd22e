//! What a function is configured with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A function's configuration.
#[derive(Debug, Clone)]
pub struct FunctionConfig {
    /// Its name.
    pub name: String,
    /// The binary, which Lambda calls `bootstrap`.
    pub binary: PathBuf,
    /// Memory in MB, which the process sees in its environment; it is not enforced here.
    pub memory: u32,
    /// The longest that an event may take.
    pub timeout: Duration,
    /// The environment variables of its own.
    pub variables: BTreeMap<String, String>,
    /// The file that its output is added to; `None` for this process's own output.
    pub log: Option<PathBuf>,
}

impl FunctionConfig {
    /// The variables that Lambda sets (AWS: "Defined runtime environment variables"). The
    /// credentials are good for nothing but servers on this machine.
    pub(super) fn lambda_variables(&self) -> BTreeMap<&'static str, String> {
        let root = self.binary.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        BTreeMap::from([
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_SESSION_TOKEN", "local".to_owned()),
            ("LAMBDA_TASK_ROOT", root),
            ("_HANDLER", "bootstrap".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ])
    }
}
