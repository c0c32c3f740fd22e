//! The registrar function on Lambda.

use std::time::Duration;

use aws::boot::{Boot, System};
use aws::ledger::DynamoDbTable;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use control::Bookkeeper;
use fleet::PoolMap;
use futures_util::future::join;
use github::app::{API_URL, App, AppConfig};
use registrar::{Registrar, RegistrarParameters};

/// Longest wait for one answer of GitHub's.
const GITHUB_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut boot =
        Boot::begin(&[registrar::metrics::METRICS, control::metrics::METRICS, github::app::metrics::METRICS]);
    let table = boot.variable("MAYFLY_TABLE");
    let app = AppConfig {
        id: boot.number("MAYFLY_GITHUB_APP_ID"),
        organisation: boot.variable("MAYFLY_ORGANISATION"),
        api_url: boot.optional_variable("MAYFLY_GITHUB_API_URL").unwrap_or_else(|| API_URL.to_owned()),
    };
    let pools = boot.pools(PoolMap::from_json_without_schedules);
    let ledger = DynamoDbTable::new(&boot.config, table);
    let github = App::new(app, System, GITHUB_ANSWERS_WITHIN);
    let (settings, ()) = join(boot.settings::<RegistrarParameters>(pools), ledger.warm_up()).await;
    let (started, settings) = boot.finish(settings)?;
    if let Ok(current) = settings.current().await
        && use_key(&github, &current)
        && let Err(error) = github.warm_up().await
    {
        tracing::warn!(%error, "GitHub is not warmed up");
    }
    let books = Bookkeeper { ledger, system: System };
    let registrar = Registrar { books, github };
    started
        .run(async |request: LambdaFunctionUrlRequest| match settings.current().await {
            Ok(current) => {
                use_key(&registrar.github, &current);
                Box::pin(registrar.handle(&current.settings, &request)).await
            }
            Err(problem) => registrar::not_ready(&problem),
        })
        .await
}

/// Whether this key of the App's is one. Where it is not, the last good one stays.
fn use_key(github: &App<System>, settings: &RegistrarParameters) -> bool {
    let used = github.use_key(&settings.app_key);
    if let Err(error) = &used {
        tracing::error!(%error, "the App's key is of no use");
    }
    used.is_ok()
}
