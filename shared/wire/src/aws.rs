//! AWS at one address: ECS is the sandbox's, and everything else an emulator's, Function URLs included.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
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

/// The path of Function URLs.
const FUNCTION_URLS: &str = "/_aws/lambda-url/";

/// Who is told of each request's body to the webhook, and of the status of its answer.
pub type Seen = Arc<dyn Fn(&[u8], u16) + Send + Sync>;

/// Whose ECS it is.
type Ecs = Box<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>;
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
struct Ways(Arc<State>);

struct State {
    client: Client<HttpConnector, Full<Bytes>>,
    /// The emulator's address.
    emulator: OnceLock<String>,
    ecs: OnceLock<Ecs>,
    /// The path of the webhook's Function URL.
    webhook: OnceLock<String>,
    seen: Seen,
    queue_is_down: AtomicBool,
}

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ways").field("emulator", &self.0.emulator).finish_non_exhaustive()
    }
}

impl AwsUrl {
    /// Serves it on a port of 127.0.0.1; 0 for any free one. Until it is known who answers, it is answered 503.
    /// What the webhook is sent is told to `seen`.
    pub async fn serve(port: u16, seen: Seen) -> Result<Self, String> {
        let ways = Ways(Arc::new(State {
            client: Client::builder(TokioExecutor::new()).build_http(),
            emulator: OnceLock::new(),
            ecs: OnceLock::new(),
            webhook: OnceLock::new(),
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

    /// A Function URL as it is reached here, by the one that Lambda gives: `https://ID.lambda-url.REGION.on.aws/`.
    pub fn function_url(&self, given: &str) -> String {
        let id = given.trim_start_matches("https://").split('.').next().unwrap_or_default();
        format!("{}{FUNCTION_URLS}{id}/", self.url)
    }

    /// The webhook is at this URL.
    pub fn tell_of(&self, webhook: &str) {
        self.ways.0.webhook.get_or_init(|| webhook.trim_start_matches(&self.url).to_owned());
    }

    /// SQS answers no more, or again.
    pub fn set_queue_down(&self, down: bool) {
        self.ways.0.queue_is_down.store(down, Ordering::SeqCst);
    }
}

impl State {
    /// The emulator's answer.
    async fn passed_on(&self, mut request: Request<Full<Bytes>>) -> Option<Response<Full<Bytes>>> {
        let to = Uri::builder().scheme("http").authority(self.emulator.get()?.as_str());
        let path = request.uri().path_and_query()?.clone();
        *request.uri_mut() = to.path_and_query(path).build().ok()?;
        let (mut head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        // Between the two of us alone.
        for name in [CONNECTION, TRANSFER_ENCODING] {
            head.headers.remove(name);
        }
        Some(Response::from_parts(head, Full::new(body)))
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
        let unavailable = || json(503, &value!({"__type": "ServiceUnavailable", "message": "nobody answers"}));
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        if target.is_some_and(|it| it.starts_with(SQS)) && state.queue_is_down.load(Ordering::SeqCst) {
            return unavailable();
        }
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, REQUEST_LIMIT).collect().await else {
            return json(413, &value!({"Message": "Request Entity Too Large"}));
        };
        let body = body.to_bytes();
        let told = state.webhook.get().is_some_and(|path| head.uri.path().starts_with(path.as_str()));
        let request = Request::from_parts(head, Full::new(body.clone()));
        let answered = state.passed_on(request).await.unwrap_or_else(unavailable);
        if told {
            (state.seen)(&body, answered.status().as_u16());
        }
        answered
    }
}
