//! The reconciler function on Lambda.

use std::time::Duration;

use aws::boot::{Boot, System};
use aws::ledger::DynamoDbTable;
use aws::queue::SqsQueue;
use aws::tasks::Tasks;
use control::{Bookkeeper, Failed};
use fleet::PoolMap;
use futures_util::future::join;
use github::app::{API_URL, App, AppConfig, Hook};
use reconciler::{Reconciler, ReconcilerDeployment, ReconcilerParameters};
use serde_json::Value;

/// Longest wait for one answer of GitHub's.
const GITHUB_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let tables = [reconciler::metrics::METRICS, control::metrics::METRICS, github::app::metrics::METRICS];
    let mut boot = Boot::begin(&tables);
    let table = boot.variable("MAYFLY_TABLE");
    let queue_url = boot.variable("MAYFLY_QUEUE_URL");
    let app = AppConfig {
        id: boot.number("MAYFLY_GITHUB_APP_ID"),
        organisation: boot.variable("MAYFLY_ORGANISATION"),
        api_url: boot.optional_variable("MAYFLY_GITHUB_API_URL").unwrap_or_else(|| API_URL.to_owned()),
    };
    // The organisation's hook is known by the URL that it posts to. Without one it is the App's.
    let hook = boot.optional_variable("MAYFLY_WEBHOOK_URL").map_or(Hook::App, Hook::Organisation);
    let stack = boot.variable("MAYFLY_STACK");
    let pools = boot.pools(PoolMap::from_json_without_schedules);
    let deployed = pools.map(|pools| ReconcilerDeployment { pools, stack });
    let (ledger, tasks) = (DynamoDbTable::new(&boot.config, table), Tasks::new(&boot.config));
    let queue = SqsQueue::new(&boot.config, queue_url);
    let (settings, ()) = join(boot.settings::<ReconcilerParameters>(deployed), ledger.warm_up()).await;
    boot.costs();
    let (started, settings) = boot.finish(settings)?;
    let books = Bookkeeper { ledger, system: System };
    let github = App::new(app, System, GITHUB_ANSWERS_WITHIN).with_hook(hook);
    let reconciler = Reconciler::new(books, github, tasks, queue);
    let pass = async |_tick: Value| {
        let current = settings.current().await.map_err(|problem| Failed(vec![problem.to_string()]))?;
        // Where the key is of no use the last good one stays; without any, each read says so.
        if let Err(error) = reconciler.github.use_key(&current.app_key) {
            tracing::error!(%error, "the App's key is of no use");
        }
        Box::pin(reconciler.handle(&current.settings)).await
    };
    started.try_run(pass).await
}
