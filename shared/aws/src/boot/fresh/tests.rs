//! Settings that are old, could not be read, or were frozen while they were.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use fleet::settings::Parameters;

use super::*;

#[derive(Debug)]
struct Secret(&'static str);

impl FromParameters for Secret {
    type Deployed = ();
    const FOLDERS: &'static [&'static str] = &["webhook-secrets"];

    fn from_parameters((): &(), _: &Parameters) -> Result<Self, SettingsProblems> {
        Ok(Self("new"))
    }
}

/// Settings of this age, and a Parameter Store that no server serves.
fn read_ago(age: SignedDuration) -> Fresh<Secret> {
    read_from("http://127.0.0.1:9", age)
}

fn read_from(url: &str, age: SignedDuration) -> Fresh<Secret> {
    let nobody = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let held = CachedSettings {
        settings: Rc::new(Secret("old")),
        versions: Versions::default(),
        read_at: System.now() - age,
    };
    Fresh(Rc::new(SettingsReader {
        store: ParameterStore::new(&nobody, "/mayfly"),
        deployed: (),
        held: RefCell::new(Some(held)),
        next: Cell::new(Timestamp::MIN),
        is_reading: Cell::new(false),
    }))
}

#[tokio::test]
async fn the_last_settings_hold_where_newer_ones_can_not_be_read() {
    for (age, beside, at_once, why) in [
        (SignedDuration::from_secs(10), false, false, "fresh ones are not read again"),
        (OLD - SignedDuration::from_secs(5), false, false, "and those of not quite five minutes neither"),
        (OLD, true, false, "old ones are read again beside the event"),
        (TOO_OLD - SignedDuration::from_secs(5), true, false, "also where they are almost too old"),
        (TOO_OLD, false, true, "for older ones the event waits"),
        (SignedDuration::from_hours(1), false, true, "for those of an hour ago the event waits"),
        (SignedDuration::from_hours(-1), false, true, "the clock was set back: nobody knows their age"),
    ] {
        let fresh = read_ago(age);
        let on_thread = tokio::task::LocalSet::new();
        let current = on_thread.run_until(fresh.current()).await.map(|settings| settings.0);
        assert_eq!(current, Ok("old"), "{why}");
        assert_eq!(fresh.0.is_reading.get(), beside, "{why}");
        assert_eq!(fresh.0.next.get() > Timestamp::MIN, at_once, "{why}");
        on_thread.await;
        assert!(!fresh.0.is_reading.get(), "{why}");
        let again = tokio::task::LocalSet::new().run_until(fresh.current()).await.map(|settings| settings.0);
        assert_eq!((again, fresh.0.is_reading.get()), (Ok("old"), false), "not before ten seconds are over");
    }
}

#[test]
fn a_clock_that_was_set_back_holds_up_no_reading() {
    let reader = read_ago(SignedDuration::ZERO).0;
    let now = System.now();
    for (next, may_read, why) in [
        (now - RETRY, true, "the wait is over"),
        (now + RETRY, false, "it has just failed"),
        (now + SignedDuration::from_hours(1), true, "nobody waits for so long: the clock was set back"),
    ] {
        reader.next.set(next);
        assert_eq!(reader.may_read(now), may_read, "{why}");
    }
}

/// A server that takes a call and never answers.
fn read_from_nobody(age: SignedDuration) -> (Fresh<Secret>, std::net::TcpListener) {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let fresh = read_from(&format!("http://{}", silent.local_addr().unwrap()), age);
    (fresh, silent)
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_lambda_froze_is_no_failure_and_is_done_again() {
    for (asleep, fails, why) in [
        (BESIDE, true, "nobody answers"),
        (BESIDE + Duration::from_mins(1), false, "the function has slept meanwhile"),
    ] {
        let (fresh, _silent) = read_from_nobody(OLD);
        let reading = fresh.0.read_within(BESIDE);
        let freeze = async {
            tokio::task::yield_now().await;
            tokio::time::advance(asleep).await;
        };
        let (is_read, ()) = tokio::join!(reading, freeze);
        assert!(!is_read, "{why}");
        assert_eq!(fresh.0.next.get() > Timestamp::MIN, fails, "{why}");
    }
}

#[test]
fn those_who_start_at_once_come_back_between_half_of_the_wait_and_the_whole() {
    let waits: Vec<Duration> = (0..1000).map(|bits| jittered(FIRST_WAIT, bits)).collect();
    assert_eq!(waits.first(), Some(&(FIRST_WAIT / 2)));
    assert!(waits.iter().is_sorted() && waits.last() < Some(&FIRST_WAIT), "{:?}", waits.last());
    assert!(waits.last() > Some(&(FIRST_WAIT * 99 / 100)), "{:?}", waits.last());
    assert_eq!(jittered(FIRST_WAIT, 1_000_500), jittered(FIRST_WAIT, 500), "of any bits");
}
