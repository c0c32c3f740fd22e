//! The launcher function on Lambda.

use aws::boot::{Boot, System};
use aws::ledger::Table;
use aws::tasks::Tasks;
use aws_lambda_events::sqs::SqsEvent;
use control::Bookkeeper;
use futures_util::future::join;
use launcher::{Launcher, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut boot = Boot::begin(&[launcher::metrics::METRICS, control::metrics::METRICS]).await;
    let table = boot.variable("MAYFLY_TABLE");
    let registrar_url = boot.variable("MAYFLY_REGISTRAR_URL");
    let (ledger, tasks) = (Table::new(&boot.config, table), Tasks::new(&boot.config));
    let (settings, ()) = join(boot.settings::<Settings>(), ledger.warm_up()).await;
    let (started, settings) = boot.finish(settings)?;
    let placed = settings.current().await.placements.values().next().map(|it| it.cluster.clone());
    tasks.warm_up(placed.as_deref()).await;
    let books = Bookkeeper { ledger, system: System };
    let launcher = Launcher::new(books, tasks, registrar_url);
    started.run(async |batch: SqsEvent| launcher.handle(&*settings.current().await, batch).await).await
}
