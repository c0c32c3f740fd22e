//! The scheduler function on Lambda.

use aws::boot::{Boot, System};
use aws::ledger::DynamoDbTable;
use aws::queue::SqsQueue;
use aws::scaling::Groups;
use aws::tasks::Tasks;
use control::{Bookkeeper, LaunchDeployment};
use fleet::PoolMap;
use fleet::launch::Placements;
use futures_util::future::join3;
use scheduler::{Failed, Scheduler, SchedulerSettings};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut boot = Boot::begin(&[scheduler::metrics::METRICS, control::metrics::METRICS]);
    let table = boot.variable("MAYFLY_TABLE");
    let queue_url = boot.variable("MAYFLY_QUEUE_URL");
    let registrar_url = boot.variable("MAYFLY_REGISTRAR_URL");
    let pools = boot.pools(PoolMap::from_json);
    let placements = boot.json::<Placements>("MAYFLY_PLACEMENTS");
    let deployed = pools.zip(placements).map(|(pools, placements)| LaunchDeployment::new(pools, &placements));
    let deployed = deployed.and_then(|deployed| boot.good(deployed));
    let (ledger, tasks) = (DynamoDbTable::new(&boot.config, table), Tasks::new(&boot.config));
    let scaling = Groups::new(&boot.config);
    let queue = SqsQueue::new(&boot.config, queue_url);
    let cluster = deployed.as_ref().and_then(LaunchDeployment::a_cluster);
    let (settings, (), ()) =
        join3(boot.settings::<SchedulerSettings>(deployed), ledger.warm_up(), tasks.warm_up(cluster)).await;
    boot.costs();
    let (started, settings) = boot.finish(settings)?;
    let books = Bookkeeper { ledger, system: System };
    let scheduler = Scheduler::new(books, tasks, scaling, queue, registrar_url);
    let tick = async |_tick: Value| {
        let current = settings.current().await.map_err(|problem| Failed(vec![problem.to_string()]))?;
        scheduler.handle(&current).await
    };
    started.try_run(tick).await
}
