//! AWS at one address: ECS is the sandbox's, and everything else an emulator's, Function URLs included.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws::boot::System;
use fleet::ports::Clock as _;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use sandbox::Sandbox;
use serde_json::json as value;

use crate::Resident;
use crate::ecs::{EcsAnswer, Exchange, is_of_ecs};
use crate::http::{AsyncAnswer, Served, json};

/// The largest request that is passed on, in bytes: the zip of a function is larger, and goes to the
/// emulator itself.
const REQUEST_LIMIT: usize = 16 * 1024 * 1024;

/// What `X-Amz-Target` begins with for SQS.
const SQS: &str = "AmazonSQS.";

/// The path of Function URLs at the emulator; the id comes after it.
const FUNCTION_URLS: &str = "/_aws/lambda-url/";

/// Their path here; the function's name comes after it, so that a URL is the same at each start.
const NAMED: &str = "/_mayfly/";

/// The function whose requests [`WebhookObserver`] sees.
const WEBHOOK: &str = "webhook";

/// GitHub's header with the name of a delivery's event.
const EVENT: &str = "x-github-event";

/// A request to the webhook, and its answer.
#[derive(Debug, Clone)]
pub struct AnsweredDelivery {
    /// When it was answered.
    pub at: Timestamp,
    /// GitHub's name of the event, as the sender wrote it; empty where there is none.
    pub event: String,
    /// The body, as it came.
    pub body: Bytes,
    /// The answer's status.
    pub status: u16,
    /// The answer's body, as text.
    pub answer: String,
}

/// Sees each request to the webhook once it is answered.
pub type WebhookObserver = Arc<dyn Fn(AnsweredDelivery) + Send + Sync>;

/// Whose ECS it is.
type EcsHandler = Box<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>;
type Answering = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

/// AWS. It is served until this is dropped.
#[derive(Debug)]
pub struct AwsUrl {
    url: String,
    ways: Ways,
    _served: Served,
}

/// Where requests go, once that is known.
#[derive(Clone)]
struct Ways(Arc<AwsRoutes>);

struct AwsRoutes {
    client: Client<HttpConnector, Full<Bytes>>,
    /// The emulator's address.
    emulator: OnceLock<String>,
    ecs: OnceLock<EcsHandler>,
    /// The ids of the Function URLs, by the functions' names.
    functions: OnceLock<BTreeMap<String, String>>,
    seen: WebhookObserver,
    queue_is_down: AtomicBool,
}

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ways").field("emulator", &self.0.emulator).finish_non_exhaustive()
    }
}

impl AwsUrl {
    /// Serves it on a port of 127.0.0.1; 0 for any free one. Until it is known who answers, it is answered 503.
    /// `seen` sees what the webhook is sent and answers.
    pub async fn serve(port: u16, seen: WebhookObserver) -> Result<Self, String> {
        let ways = Ways(Arc::new(AwsRoutes {
            client: Client::builder(TokioExecutor::new()).build_http(),
            emulator: OnceLock::new(),
            ecs: OnceLock::new(),
            functions: OnceLock::new(),
            seen,
            queue_is_down: AtomicBool::new(false),
        }));
        let served = Served::start(port, ways.clone()).await?;
        Ok(Self { url: format!("http://{}", served.address()), ways, _served: served })
    }

    /// The URL, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whose everything but ECS is: an emulator's URL.
    pub fn pass_on_to(&self, emulator: &str) {
        self.ways.0.emulator.get_or_init(|| emulator.trim_start_matches("http://").to_owned());
    }

    /// Whose ECS it is.
    pub fn answer_ecs_by<T: AsRef<Sandbox> + 'static>(&self, resident: Resident<T>) {
        let ecs = EcsAnswer { resident, witness: |_: &Exchange| {} };
        let answering = move |request| -> Answering {
            let ecs = ecs.clone();
            Box::pin(async move { ecs.answer(request).await })
        };
        self.ways.0.ecs.get_or_init(|| Box::new(answering));
    }

    /// Where a function is called here.
    pub fn function_url(&self, name: &str) -> String {
        format!("{}{NAMED}{name}/", self.url)
    }

    /// The functions' names, and their URLs as Lambda gives them: `https://ID.lambda-url.REGION.on.aws/`.
    pub fn call_functions_at(&self, given: BTreeMap<String, String>) {
        let id =
            |url: String| url.trim_start_matches("https://").split('.').next().unwrap_or_default().to_owned();
        let ids = given.into_iter().map(|(name, url)| (name, id(url))).collect();
        self.ways.0.functions.get_or_init(|| ids);
    }

    /// SQS answers no more, or again.
    pub fn set_queue_down(&self, down: bool) {
        self.ways.0.queue_is_down.store(down, Ordering::SeqCst);
    }
}

impl AwsRoutes {
    /// The function that is called by this path, and its path at the emulator.
    fn function<'a>(&self, path: &'a str) -> Option<(&'a str, String)> {
        let (name, rest) = path.strip_prefix(NAMED)?.split_once('/')?;
        let id = self.functions.get()?.get(name)?;
        Some((name, format!("{FUNCTION_URLS}{id}/{rest}")))
    }

    /// The emulator's answer.
    async fn passed_on(&self, path: &str, mut request: Request<Full<Bytes>>) -> Option<Response<Bytes>> {
        let to = Uri::builder().scheme("http").authority(self.emulator.get()?.as_str());
        *request.uri_mut() = to.path_and_query(path).build().ok()?;
        let (mut head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        // Between the two of us alone.
        for name in [CONNECTION, TRANSFER_ENCODING] {
            head.headers.remove(name);
        }
        Some(Response::from_parts(head, body))
    }
}

impl AsyncAnswer for Ways {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let state = &self.0;
        if is_of_ecs(&request)
            && let Some(ecs) = state.ecs.get()
        {
            return ecs(request).await;
        }
        let unavailable =
            || json(503, &value!({"__type": "ServiceUnavailable", "message": "nobody answers"}));
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        if target.is_some_and(|it| it.starts_with(SQS)) && state.queue_is_down.load(Ordering::SeqCst) {
            return unavailable();
        }
        let (head, body) = request.into_parts();
        let event =
            head.headers.get(EVENT).and_then(|event| event.to_str().ok()).unwrap_or_default().to_owned();
        let Ok(body) = Limited::new(body, REQUEST_LIMIT).collect().await else {
            return json(413, &value!({"Message": "Request Entity Too Large"}));
        };
        let body = body.to_bytes();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let (function, path) =
            state.function(&path).map_or((None, path.clone()), |(name, at)| (Some(name), at));
        let request = Request::from_parts(head, Full::new(body.clone()));
        let Some(answered) = state.passed_on(&path, request).await else { return unavailable() };
        if function == Some(WEBHOOK) {
            let status = answered.status().as_u16();
            let answer = String::from_utf8_lossy(answered.body()).into_owned();
            (state.seen)(AnsweredDelivery { at: System.now(), event, body, status, answer });
        }
        answered.map(Full::new)
    }
}
