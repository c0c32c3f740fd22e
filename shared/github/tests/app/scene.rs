//! A server that answers as GitHub does, and a client of it.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet::ports::{JitRunner, RunnerGroupId};
use github::app::{App, AppConfig, Hook};
use jiff::Timestamp;
use kit::clock::StoppedClock;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const JIT: &str = "/orgs/octo-org/actions/runners/generate-jitconfig";

/// How long these tests wait for an answer that does not come.
const PATIENCE: Duration = Duration::from_millis(300);

/// A key takes a while to make.
static KEY: LazyLock<String> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
});

/// The same key, with `\n` where a line ends.
pub(crate) fn key_on_one_line() -> String {
    KEY.replace('\n', "\\n")
}

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub(crate) struct AppScene {
    server: MockServer,
    base: &'static str,
    pub(crate) app: App<StoppedClock>,
}

impl AppScene {
    /// The App is installed.
    pub(crate) async fn new() -> Self {
        Self::below("").await
    }

    /// The same, of a server whose API lies below a path.
    pub(crate) async fn below(base: &'static str) -> Self {
        let scene = Self::start(base).await;
        scene.is_installed().await;
        scene
    }

    pub(crate) async fn without_installation() -> Self {
        Self::start("").await
    }

    async fn start(base: &'static str) -> Self {
        let server = MockServer::start().await;
        let app = client(&server, base, Hook::App);
        Self { server, base, app }
    }

    /// The URL of a path of the API.
    pub(crate) fn url(&self, at: &str) -> String {
        format!("{}{}{at}", self.server.uri(), self.base)
    }

    /// Another client, as of a function that has just started; its webhook is this one.
    pub(crate) fn client(&self, hook: Hook) -> App<StoppedClock> {
        client(&self.server, self.base, hook)
    }

    pub(crate) async fn is_installed(&self) {
        self.is_installed_with_token(
            r#"{"token": "ghs_1", "expires_at": "2999-01-01T00:00:00Z", "permissions": {}}"#,
        )
        .await;
    }

    pub(crate) async fn is_installed_with_token(&self, token: &str) {
        let installation = ResponseTemplate::new(200).set_body_json(json!({"id": 5}));
        self.answers("GET", "/orgs/octo-org/installation", installation).await;
        let token = ResponseTemplate::new(201).set_body_string(token);
        self.answers("POST", "/app/installations/5/access_tokens", token).await;
    }

    pub(crate) async fn answers(&self, verb: &str, at: &str, response: ResponseTemplate) {
        let at = format!("{}{at}", self.base);
        Mock::given(method(verb)).and(path(at)).respond_with(response).mount(&self.server).await;
    }

    /// The same of the page of this cursor; `None` for the first one.
    pub(crate) async fn answers_page(&self, at: &str, cursor: Option<&str>, response: ResponseTemplate) {
        let asked = Mock::given(method("GET")).and(path(format!("{}{at}", self.base)));
        let asked = asked.and(query_param("per_page", "100"));
        let asked = match cursor {
            Some(cursor) => asked.and(query_param("cursor", cursor)),
            None => asked.and(query_param_is_missing("cursor")),
        };
        asked.respond_with(response).mount(&self.server).await;
    }

    /// The same of a page by its number, for requests with this `ETag`, or with any or none; what is known
    /// of a page goes first.
    pub(crate) async fn answers_numbered_page(
        &self,
        at: &str,
        page: Option<&str>,
        etag: Option<&str>,
        response: ResponseTemplate,
    ) {
        let asked = Mock::given(method("GET")).and(path(format!("{}{at}", self.base)));
        let asked = match page {
            Some(page) => asked.and(query_param("page", page)),
            None => asked.and(query_param_is_missing("page")),
        };
        let (asked, priority) = match etag {
            Some(etag) => (asked.and(header("if-none-match", etag)), 1),
            None => (asked, 2),
        };
        asked.respond_with(response).with_priority(priority).mount(&self.server).await;
    }

    pub(crate) async fn answers_once(&self, verb: &str, at: &str, response: ResponseTemplate) {
        let once = Mock::given(method(verb)).and(path(at)).respond_with(response).up_to_n_times(1);
        once.mount(&self.server).await;
    }

    pub(crate) async fn count(&self, verb: &str, at: &str) -> usize {
        self.asked(verb, at).await.len()
    }

    pub(crate) async fn last(&self, verb: &str, at: &str) -> Request {
        self.asked(verb, at).await.pop().expect("it was asked")
    }

    /// All that was asked for, in its order.
    pub(crate) async fn all(&self, verb: &str, at: &str) -> Vec<Request> {
        self.asked(verb, at).await
    }

    async fn asked(&self, verb: &str, at: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.unwrap();
        let ours = all.into_iter().filter(|it| it.method.as_str() == verb && it.url.path() == at);
        ours.collect()
    }
}

fn client(server: &MockServer, base: &str, hook: Hook) -> App<StoppedClock> {
    let config =
        AppConfig { id: 42, organisation: "octo-org".to_owned(), api_url: format!("{}{base}", server.uri()) };
    let app = App::new(config, StoppedClock(NOW), PATIENCE).with_hook(hook);
    app.use_key(&KEY.as_str().into()).unwrap();
    app
}

pub(crate) fn jit_runner() -> JitRunner {
    JitRunner {
        name: "mayfly-p-0".to_owned(),
        group: RunnerGroupId(3),
        labels: ["linux", "x64"].into_iter().collect(),
    }
}

pub(crate) fn generated() -> Value {
    json!({"runner": {"id": 7, "name": "mayfly-p-0", "os": "unknown"}, "encoded_jit_config": "the-config"})
}
