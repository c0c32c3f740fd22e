//! AWS's prices, and the budgets: `prices.toml`.

use serde::Deserialize;

/// The file.
pub const FILE: &str = include_str!("../prices.toml");

/// All of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// AWS's prices.
    pub prices: AwsPrices,
    /// AWS's prices for what the stack's switches create.
    pub switch_prices: SwitchPrices,
    /// The most to spend.
    pub budgets: Budgets,
    /// Until that is reached: the present cost, which must not grow.
    pub reached: Option<Budgets>,
}

/// Dollars for one of each.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is, and where it is from")]
pub struct AwsPrices {
    pub lambda_gb_second: f64,
    pub lambda_request: f64,
    pub sqs_request: f64,
    pub dynamodb_read_unit: f64,
    pub dynamodb_write_unit: f64,
    pub dynamodb_gb_month: f64,
    pub dynamodb_recovery_gb_month: f64,
    pub rule_invocation: f64,
    pub logs_gb: f64,
    pub logs_gb_month: f64,
    pub kms_request: f64,
    pub ssm_request: f64,
    pub metric_month: f64,
    pub alarm_month: f64,
    pub dashboard_month: f64,
}

/// Dollars for one of each.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is, and where it is from")]
pub struct SwitchPrices {
    pub fargate_vcpu_hour: f64,
    pub fargate_gb_hour: f64,
    pub s3_gb_month: f64,
    pub s3_write: f64,
    pub s3_read: f64,
    pub efs_gb_month: f64,
    pub efs_read_gb: f64,
    pub efs_write_gb: f64,
    pub hosted_zone_month: f64,
    pub nat_gb: f64,
    pub codebuild_minute: f64,
    pub codebuild_arm_minute: f64,
    pub state_transition: f64,
    pub ecr_gb_month: f64,
}

/// Dollars.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// For a thousand jobs, on top of an idle month.
    pub thousand_jobs: f64,
    /// For a month without jobs.
    pub idle_month: f64,
    /// For the metrics of a month, with any number of pools.
    pub metrics_month: f64,
}

impl PriceList {
    /// The budgets that a test enforces.
    pub fn held(&self) -> &Budgets {
        self.reached.as_ref().unwrap_or(&self.budgets)
    }

    /// Reads a list.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_is_missing_or_unknown_is_named() {
        let without = FILE.replace("sqs_request = 0.0000004\n", "");
        let unknown = FILE.replace("sqs_request", "sqs_requests");
        for (text, name) in [(without, "sqs_request"), (unknown, "sqs_requests")] {
            let problem = PriceList::read(&text).unwrap_err().to_string();
            assert!(problem.contains(&format!("`{name}`")), "{problem}");
        }
    }
}
