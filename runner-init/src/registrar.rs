//! The question to the registrar, and the log line of its answer.

use std::fmt;
use std::io;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fleet::BootId;
use fleet::pid1::{Answered, PATIENCE, answers};
use fleet::question::{ASK, Config, Listener, ProblemBody, Question, QuestionVersion};
use jiff::civil::Date;
use secrecy::{ExposeSecret, SecretString};
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Error, Timeout};

/// The longest answer that is read, in bytes. A JIT config has about 5,000.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How long the look-up of the registrar's name may take, and how long the connection. The rest of a question's time
/// is the registrar's.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A client of the registrar.
pub(crate) struct RegistrarClient {
    agent: Agent,
    url: String,
    ticket: SecretString,
    boot: BootId,
    began: Instant,
    runner_current_on: Option<Date>,
}

impl fmt::Debug for RegistrarClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registrar").field("url", &self.url).finish_non_exhaustive()
    }
}

impl RegistrarClient {
    /// The registrar at a URL that ends in `/`. Each question says how long ago PID 1 began, and until which day its
    /// runner program was known to be GitHub's newest.
    pub(crate) fn new(
        url: &str,
        ticket: SecretString,
        boot: BootId,
        began: Instant,
        runner_current_on: Option<Date>,
    ) -> Self {
        // No answer can redirect a ticket to another host.
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .timeout_resolve(Some(CONNECT_WITHIN))
            .timeout_connect(Some(CONNECT_WITHIN))
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(tls())
            .build();
        let (agent, url) = (Agent::new_with_config(config), url.to_owned());
        Self { agent, url, ticket, boot, began, runner_current_on }
    }

    /// Asks once, with the present state of the listener. Returns when there is an answer, or when the registrar can no
    /// longer be working on one.
    pub(crate) fn ask(&self, listener: Listener) -> (Answered, Option<Config>) {
        let mut response = match self.post(listener) {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(?listener, %error, "question not answered");
                let answered = if never_sent(&error) { Answered::Later(None) } else { Answered::NoAnswer };
                return (answered, None);
            }
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse().ok());
        let body = body(&mut response);
        let (answered, config) = answers::read(status, retry_after, &body);
        match answered {
            // Every idle runner gets this answer each minute.
            Answered::Wait(_) => {}
            Answered::Config => tracing::info!("JIT config answered"),
            Answered::Leave => tracing::info!(?listener, "told to leave"),
            Answered::NoAnswer if status == 200 => warn_of_unreadable(),
            Answered::Refused | Answered::Malformed => {
                tracing::error!(?listener, status, problem = problem(&body), "question refused");
            }
            Answered::Later(_) | Answered::NoAnswer => {
                let problem = problem(&body);
                tracing::warn!(?listener, status, problem, retry_after, "question answered later");
            }
        }
        (answered, config)
    }

    fn post(&self, listener: Listener) -> Result<Response<Body>, Error> {
        let ticket = self.ticket.expose_secret().to_owned();
        let age = u64::try_from(self.began.elapsed().as_millis()).ok();
        let question = Question {
            version: QuestionVersion::default(),
            ticket,
            boot: self.boot.clone(),
            listener,
            age,
            runner_current_on: self.runner_current_on,
        };
        let body = serde_json::to_string(&question).map_err(io::Error::from)?;
        let request = self.agent.post(format!("{}{ASK}", self.url));
        request.header("content-type", "application/json").send(body)
    }
}

/// TLS with the root certificates of this environment: `SSL_CERT_FILE` or `SSL_CERT_DIR` if the task has them, otherwise
/// the image's store, and Mozilla's built-in roots if neither has any. So PID 1 trusts a proxy that intercepts TLS by the
/// proxy's own root, as the job's programs do. The roots are read once.
pub(crate) fn tls() -> TlsConfig {
    static FOUND: LazyLock<TlsConfig> = LazyLock::new(read_roots);
    FOUND.clone()
}

fn read_roots() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a root certificate cannot be read");
    }
    let roots: Vec<_> = found.certs.iter().map(|it| Certificate::from_der(it).to_owned()).collect();
    if roots.is_empty() {
        return TlsConfig::default();
    }
    TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build()
}

/// Whether the registrar cannot have seen the question.
fn never_sent(error: &Error) -> bool {
    match error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// An answer's body; empty if it cannot be read.
fn body(response: &mut Response<Body>) -> Vec<u8> {
    response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().unwrap_or_default()
}

/// The problem that an answer other than 200 names.
fn problem(body: &[u8]) -> String {
    let problem = serde_json::from_slice(body).inspect_err(|_| warn_of_unreadable());
    problem.map(|problem: ProblemBody| problem.message).unwrap_or_default()
}

/// Logs an unreadable answer, without repeating it.
fn warn_of_unreadable() {
    tracing::warn!("the registrar's answer cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "PID 1 lives by the real clock")]
    fn it_prints_neither_its_ticket_nor_its_boot_id() {
        let registrar = RegistrarClient::new(
            "https://registrar.example/",
            "the-ticket".into(),
            BootId::new("the-boot"),
            Instant::now(),
            None,
        );
        let printed = format!("{registrar:?}");
        assert!(!printed.contains("the-ticket") && !printed.contains("the-boot"), "{printed}");
    }
}
