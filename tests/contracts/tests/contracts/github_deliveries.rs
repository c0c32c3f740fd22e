//! The App's client against the sandbox's GitHub on the wire: deliveries by pages, and one more attempt.

use std::time::Duration;

use fleet::delivery::{AttemptId, AttemptPage};
use fleet::ports::{GithubError, ListDeliveries as _, Redeliver as _};
use fleet::{DeliveryId, PoolMap};
use github::app::{App, AppConfig};
use kit::clock::StoppedClock;
use platform::scene::{START, WEBHOOK_SECRET};
use platform::{Platform, PlatformWorld};
use sandbox::delivery::Delivery;
use sandbox::{Delays, Sandbox};
use wire::Resident;
use wire::github::{GithubUrl, app_key};

const PATIENCE: Duration = Duration::from_secs(30);

/// A platform whose GitHub has delivered this many payloads that nobody can understand.
fn world(deliveries: u32) -> PlatformWorld {
    let pools = PoolMap::from_toml(fleet::pools::DEFAULT_POOLS).unwrap();
    let sandbox = Sandbox::new(1, START, Delays::default(), &pools);
    let mut world = Platform::world(sandbox, &pools, &WEBHOOK_SECRET.into());
    for number in 0..deliveries {
        let id = DeliveryId::new(format!("delivery-{number}"));
        world.deliver(&Delivery { id, event: "workflow_job".to_owned(), body: "{".to_owned() });
    }
    world.drain();
    world
}

#[tokio::test]
async fn deliveries_come_by_pages_and_one_more_attempt_when_somebody_asks() {
    let world = Resident::start(|| world(120));
    let url = GithubUrl::serve(world.clone(), 0).await.unwrap();
    let config = AppConfig { id: 42, organisation: "octo-org".to_owned(), api_url: url.url().to_owned() };
    let app = App::new(config, StoppedClock(START), PATIENCE);
    app.use_key(&app_key().unwrap().into()).unwrap();

    let first = app.list_deliveries(None).await.unwrap();
    let second = app.list_deliveries(first.next.as_deref()).await.unwrap();
    let of = |page: &AttemptPage| (page.attempts.len(), page.unreadable, page.next.is_some());
    assert_eq!((of(&first), of(&second)), ((100, 0, true), (20, 0, false)));
    let (newest, oldest) = (&first.attempts[0], &second.attempts[19]);
    assert_eq!((newest.guid.as_str(), oldest.guid.as_str()), ("delivery-119", "delivery-0"));
    assert_eq!((newest.status_code, oldest.id), (400, AttemptId(9_007_199_254_740_993)));

    app.redeliver(oldest.id).await.unwrap();
    let a_minute = |world: &mut PlatformWorld| {
        let now = world.sandbox().manual_clock().now();
        world.run_until(now + Duration::from_mins(1));
    };
    world.ask(a_minute).await.unwrap();
    let again = app.list_deliveries(None).await.unwrap().attempts.remove(0);
    assert_eq!((again.guid.as_str(), again.redelivery), ("delivery-0", true));
    assert!(matches!(app.redeliver(AttemptId(7)).await, Err(GithubError::NotFound(_))));
}
