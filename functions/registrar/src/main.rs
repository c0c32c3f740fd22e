//! The registrar function on Lambda.

use std::time::Duration;

use aws::boot::{Boot, System};
use aws::ledger::Table;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use control::Bookkeeper;
use futures_util::future::join;
use github::app::{API_URL, App, AppConfig};
use registrar::{FunctionSettings, Registrar};

/// Longest wait for one answer of GitHub's.
const GITHUB_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut boot =
        Boot::begin(&[registrar::metrics::METRICS, control::metrics::METRICS, github::app::metrics::METRICS])
            .await;
    let table = boot.variable("MAYFLY_TABLE");
    let app = AppConfig {
        id: boot.number("MAYFLY_GITHUB_APP_ID"),
        organisation: boot.variable("MAYFLY_ORGANISATION"),
        api_url: boot.optional_variable("MAYFLY_GITHUB_API_URL").unwrap_or_else(|| API_URL.to_owned()),
    };
    let ledger = Table::new(&boot.config, table);
    let github = App::new(app, System, GITHUB_ANSWERS_WITHIN);
    let (settings, ()) = join(boot.settings::<FunctionSettings>(), ledger.warm_up()).await;
    let (started, settings) = boot.finish(settings)?;
    github.use_key(&settings.current().await.app_key)?;
    if let Err(error) = github.warm_up().await {
        tracing::warn!(%error, "GitHub is not warmed up");
    }
    let books = Bookkeeper { ledger, system: System };
    let registrar = Registrar { books, github };
    started
        .run(async |request: LambdaFunctionUrlRequest| {
            let current = settings.current().await;
            if let Err(error) = registrar.github.use_key(&current.app_key) {
                tracing::error!(%error, "the last good key stays");
            }
            registrar.handle(&current.settings, &request).await
        })
        .await
}
