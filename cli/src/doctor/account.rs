//! The values of an account's quotas, from Service Quotas.

use aws_config::SdkConfig;
use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_servicequotas::operation::get_aws_default_service_quota::GetAWSDefaultServiceQuotaError;
use aws_sdk_servicequotas::operation::get_service_quota::GetServiceQuotaError;
use aws_sdk_servicequotas::types::ServiceQuota;

use super::comparison::Values;
use super::quotas::Quota;

/// Asks for these quotas one by one. If AWS cannot be reached, or allows nothing, the first error stands for
/// all: it is one line.
pub async fn values(config: &SdkConfig, quotas: &[Quota]) -> Result<Values, String> {
    if config.region().is_none() {
        return Err("no region is set: say --region".to_owned());
    }
    let client = Client::new(config);
    let mut values = Values::new();
    for &quota in quotas {
        match value(&client, quota).await {
            Ok(value) => drop(values.insert(quota, value)),
            Err(problem) => return Err(problem),
        }
    }
    Ok(values)
}

/// The value of a quota in the account, or its default if the account has no value of its own. The outer
/// error means that no other quota would fare better.
async fn value(client: &Client, quota: Quota) -> Result<Result<f64, String>, String> {
    let asked = client.get_service_quota().service_code(quota.service).quota_code(quota.code).send().await;
    let error = match asked {
        Ok(answer) => return Ok(known(answer.quota().and_then(ServiceQuota::value))),
        Err(error) => error,
    };
    if !error.as_service_error().is_some_and(GetServiceQuotaError::is_no_such_resource_exception) {
        return Err(service_error(&error));
    }
    let default = client.get_aws_default_service_quota();
    match default.service_code(quota.service).quota_code(quota.code).send().await {
        Ok(answer) => Ok(known(answer.quota().and_then(ServiceQuota::value))),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetAWSDefaultServiceQuotaError::is_no_such_resource_exception) =>
        {
            Ok(Err("Service Quotas does not know it in this region".to_owned()))
        }
        Err(error) => Err(service_error(&error)),
    }
}

fn known(value: Option<f64>) -> Result<f64, String> {
    value.ok_or_else(|| "the answer has no value".to_owned())
}

/// The service's code and message, or why there was no answer.
fn service_error<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => {
            let causes = std::iter::successors(std::error::Error::source(error), |&cause| cause.source());
            let texts = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string));
            let text = texts.collect::<Vec<_>>().join(": ");
            if text.contains("credential") {
                return "AWS does not know you: `aws sso login`, or `aws configure` for keys".to_owned();
            }
            text.lines().next().unwrap_or_default().to_owned()
        }
    }
}
