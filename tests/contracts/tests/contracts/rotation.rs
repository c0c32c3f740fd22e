//! Secrets that an operator rotates in the Parameter Store: whatever is there is valid, and the key whose name
//! sorts last issues. Names sort as people count; a blank one is passed over.

use aws::parameters::ParameterStore;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use contracts::emulators;
use control::LaunchDeployment;
use fleet::pools::DEFAULT_POOLS;
use fleet::settings::FromParameters;
use fleet::ticket::Ticket;
use fleet::{DeliveryId, PoolMap, RunnerId};
use jiff::Timestamp;
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::{Delays, Sandbox};
use secrecy::ExposeSecret as _;
use webhook::Webhook;
use wire::moto::Moto;
use wire::stack::PARAMETERS;

/// An account with a Parameter Store.
struct Account {
    moto: Moto,
    pools: PoolMap,
}

impl Account {
    fn new() -> Self {
        Self { moto: Moto::start().unwrap(), pools: PoolMap::from_toml(DEFAULT_POOLS).unwrap() }
    }

    fn client(&self) -> Client {
        Client::new(&emulators::config(self.moto.url()))
    }

    async fn put(&self, name: &str, value: &str) {
        let put = self.client().put_parameter().name(format!("{PARAMETERS}/{name}")).value(value);
        put.r#type(ParameterType::SecureString).send().await.unwrap();
    }

    async fn delete(&self, name: &str) {
        self.client().delete_parameter().name(format!("{PARAMETERS}/{name}")).send().await.unwrap();
    }

    /// A function's settings, as it reads them.
    async fn settings<S: FromParameters>(&self, deployed: &S::Deployed) -> S {
        let store = ParameterStore::new(&emulators::config(self.moto.url()), PARAMETERS);
        S::from_parameters(deployed, &store.read(S::FOLDERS).await.unwrap().0).unwrap()
    }

    /// The tickets that the functions which launch issue, and those of these keys that the registrar takes.
    async fn tickets<'a>(&self, keys: &[&'a str]) -> ([String; 2], Vec<&'a str>) {
        let placements = sandbox::placements_of(&self.pools);
        let deployed = LaunchDeployment { pools: self.pools.clone(), placements };
        let launcher: launcher::LauncherSettings = self.settings(&deployed).await;
        let scheduler: scheduler::SchedulerSettings = self.settings(&deployed).await;
        let registrar: registrar::RegistrarParameters = self.settings(&self.pools).await;
        let runner = RunnerId::from_random(7);
        let issued = [&launcher.ticket_key, &scheduler.ticket_key]
            .map(|key| Ticket::issue(&runner, key).expose().to_owned());
        let taken = keys.iter().filter(|&&key| {
            let ticket = Ticket::issue(&runner, &key.into());
            Ticket::verify(ticket.expose(), &registrar.settings.ticket_keys).is_some()
        });
        (issued, taken.copied().collect())
    }

    /// Those of these secrets with which GitHub may sign.
    async fn accepted<'a>(&self, secrets: &[&'a str]) -> Vec<&'a str> {
        let deployed = webhook::WebhookDeployment {
            organisation: "octo-org".to_owned(),
            pools: self.pools.clone(),
            job_names: true,
        };
        let settings: webhook::WebhookSettings = self.settings(&deployed).await;
        let start = Timestamp::from_second(1_791_190_800).unwrap();
        let webhook = Webhook { queue: Sandbox::new(1, start, Delays::default(), &self.pools) };
        let mut accepted = Vec::new();
        for &secret in secrets {
            let body = include_str!("../../../../events/github/queued-ec2-arm64.json").to_owned();
            let delivery = Delivery { id: DeliveryId::new(secret), event: "workflow_job".to_owned(), body };
            let request = function_url_event(delivery.headers(&secret.into()), &delivery.body);
            let request = serde_json::from_value(request).unwrap();
            if webhook.handle(&settings, &request).await.status_code == 202 {
                accepted.push(secret);
            }
        }
        accepted
    }
}

/// What is not decrypted again must not have changed.
#[tokio::test]
async fn a_secret_has_another_version_after_whatever_an_operator_does_to_it() {
    let account = Account::new();
    let store = ParameterStore::new(&emulators::config(account.moto.url()), PARAMETERS);
    let folders = ["webhook-secrets"];
    account.put("webhook-secrets/a", "older").await;
    let (_, read) = store.read(&folders).await.unwrap();
    assert_eq!(store.versions(&folders).await.unwrap(), read, "as it was read");
    account.put("webhook-secrets/b", "newer").await;
    let added = store.versions(&folders).await.unwrap();
    assert_ne!(added, read, "one came");
    let client = account.client();
    let put = client.put_parameter().name(format!("{PARAMETERS}/webhook-secrets/b")).value("newest");
    put.r#type(ParameterType::SecureString).overwrite(true).send().await.unwrap();
    let changed = store.versions(&folders).await.unwrap();
    assert_ne!(changed, added, "one was written over");
    account.delete("webhook-secrets/a").await;
    account.put("webhook-secrets/a", "another").await;
    assert_ne!(
        store.versions(&folders).await.unwrap(),
        changed,
        "one was deleted and made anew, as version 1"
    );
}

/// The steps of docs/OPERATIONS.md ("Rotation"): no ticket is issued that a registrar may not know yet.
#[tokio::test]
async fn while_ticket_keys_are_rotated_both_are_taken_and_the_one_whose_name_sorts_last_issues() {
    let account = Account::new();
    account.put("github-app-keys/9", "an older key of the App").await;
    account.put("github-app-keys/10", "the key of the App").await;
    account.put("github-app-keys/11", " ").await;
    let issued = |key: &str| {
        let ticket = Ticket::issue(&RunnerId::from_random(7), &key.into()).expose().to_owned();
        [ticket.clone(), ticket]
    };
    let (add, delete) = (Some, None);
    for (name, step, issues, takes, why) in [
        ("ticket-keys/1", add("older\n"), "older", &["older"][..], "as it was"),
        ("ticket-keys/0", add("newer"), "older", &["older", "newer"], "it is known before it issues"),
        ("ticket-keys/2", add("newer"), "newer", &["older", "newer"], "tickets of before are good"),
        ("ticket-keys/1", delete, "newer", &["newer"], "no task from before runs"),
        ("ticket-keys/0", delete, "newer", &["newer"], "it is over"),
    ] {
        match step {
            Some(value) => account.put(name, value).await,
            None => account.delete(name).await,
        }
        let (tickets, taken) = account.tickets(&["older", "newer", "a guess"]).await;
        assert_eq!((tickets, &taken[..]), (issued(issues), takes), "{why}");
    }
    let registrar: registrar::RegistrarParameters = account.settings(&account.pools).await;
    assert_eq!(registrar.app_key.expose_secret(), "the key of the App");
}

#[tokio::test]
async fn while_webhook_secrets_are_rotated_github_may_sign_with_either() {
    let account = Account::new();
    account.put("webhook-secrets/b", "newer").await;
    account.put("webhook-secrets/a", " older ").await;
    let secrets = ["older", "newer", "a guess"];
    assert_eq!(account.accepted(&secrets).await, ["older", "newer"]);
    account.delete("webhook-secrets/a").await;
    assert_eq!(account.accepted(&secrets).await, ["newer"], "it is over");
    // The Parameter Store gives ten a page.
    for number in 0..11 {
        account.put(&format!("webhook-secrets/c-{number:02}"), &format!("secret {number}")).await;
    }
    assert_eq!(
        account.accepted(&["newer", "secret 0", "secret 10"]).await,
        ["newer", "secret 0", "secret 10"]
    );
}
