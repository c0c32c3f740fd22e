//! The webhook function on Lambda.

use aws::boot::Boot;
use aws::queue::SqsQueue;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use fleet::PoolMap;
use futures_util::future::join;
use webhook::{Webhook, WebhookDeployment, WebhookSettings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let mut boot = Boot::begin(&[webhook::metrics::METRICS]);
    let queue_url = boot.variable("MAYFLY_QUEUE_URL");
    let organisation = boot.variable("MAYFLY_ORGANISATION");
    let job_names = boot.optional_variable("MAYFLY_JOB_NAMES").as_deref() != Some("off");
    let pools = boot.pools(PoolMap::from_json_without_schedules);
    let deployed = pools.map(|pools| WebhookDeployment { organisation, pools, job_names });
    let queue = SqsQueue::new(&boot.config, queue_url);
    let (settings, ()) = join(boot.settings::<WebhookSettings>(deployed), queue.warm_up()).await;
    let (started, settings) = boot.finish(settings)?;
    let webhook = Webhook { queue };
    started
        .run(async |request: LambdaFunctionUrlRequest| match settings.current().await {
            Ok(settings) => webhook.handle(&settings, &request).await,
            Err(problem) => webhook::not_ready(&problem),
        })
        .await
}
