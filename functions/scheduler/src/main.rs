//! The scheduler function on Lambda.

use aws::boot::{Boot, System};
use aws::ledger::Table;
use aws::scaling::Groups;
use aws::tasks::Tasks;
use control::Bookkeeper;
use futures_util::future::join;
use scheduler::{Scheduler, Settings};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut boot = Boot::begin(&[scheduler::metrics::METRICS, control::metrics::METRICS]).await;
    let table = boot.variable("MAYFLY_TABLE");
    let registrar_url = boot.variable("MAYFLY_REGISTRAR_URL");
    let (ledger, tasks) = (Table::new(&boot.config, table), Tasks::new(&boot.config));
    let scaling = Groups::new(&boot.config);
    let (settings, ()) = join(boot.settings::<Settings>(), ledger.warm_up()).await;
    let (started, settings) = boot.finish(settings)?;
    let placed = settings.current().await.placements.values().next().map(|it| it.cluster.clone());
    tasks.warm_up(placed.as_deref()).await;
    let books = Bookkeeper { ledger, system: System };
    let scheduler = Scheduler::new(books, tasks, scaling, registrar_url);
    let tick = async |_tick: Value| {
        let current = settings.current().await;
        if settings.is_old() {
            scheduler.handle_by_old(&current).await
        } else {
            scheduler.handle(&current).await
        }
    };
    started.try_run(tick).await
}
