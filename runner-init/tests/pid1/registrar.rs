//! A registrar with scripted answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// An answer. Status 0 means no answer at all.
#[derive(Debug, Clone)]
pub struct ScriptedAnswer {
    status: u16,
    headers: &'static str,
    body: String,
    is_held: bool,
}

impl ScriptedAnswer {
    fn new(status: u16, headers: &'static str, body: &Value) -> Self {
        Self { status, headers, body: body.to_string(), is_held: false }
    }

    /// A JIT config, which is what the stub does.
    pub fn config(steps: &str) -> Self {
        let settings = json!({"pool": "ec2-x64", "runner_name": "mayfly-1", "sudo": false});
        Self::new(200, "", &json!({"answer": "config", "jit_config": steps, "settings": settings}))
    }

    /// The same, where `sudo` works.
    pub fn config_with_sudo(steps: &str) -> Self {
        let config = Self::config(steps);
        Self { body: config.body.replace("false", "true"), ..config }
    }

    /// The same in a pool with summaries, 21 seconds after its reservation.
    pub fn config_with_summary(steps: &str) -> Self {
        let config = Self::config(steps);
        let summary = r#""summary":{"capacity":"fargate-x64","reserved_for":21000,"price":{"hour":1,"least":0}},"sudo""#;
        Self { body: config.body.replace("\"sudo\"", summary), ..config }
    }

    /// To leave.
    pub fn leave() -> Self {
        Self::new(200, "", &json!({"answer": "leave"}))
    }

    /// To wait, or to go on, for this many seconds.
    pub fn wait(seconds: u64) -> Self {
        Self::new(200, "", &json!({"answer": "wait", "seconds": seconds}))
    }

    /// A problem, of this status.
    pub fn problem(status: u16, headers: &'static str) -> Self {
        Self::new(status, headers, &json!({"message": "as the test says"}))
    }

    /// None at all: the connection breaks.
    pub fn none() -> Self {
        Self::problem(0, "")
    }

    /// The same, once [`ScriptedRegistrar::let_go`] is called.
    pub fn held(self) -> Self {
        Self { is_held: true, ..self }
    }
}

/// A question, with when it came.
#[derive(Debug, Clone)]
pub struct ReceivedQuestion {
    /// Its path.
    pub path: String,
    /// Its body.
    pub question: Value,
    /// When it came.
    pub at: Instant,
}

impl ReceivedQuestion {
    /// How far its listener is.
    pub fn listener(&self) -> &str {
        self.question["listener"].as_str().unwrap()
    }
}

/// What the registrar's threads share.
#[derive(Default)]
struct RegistrarScript {
    /// Answers to those without a listener, and to those with one.
    answers: [Vec<ScriptedAnswer>; 2],
    asked: Vec<ReceivedQuestion>,
    unanswered: usize,
    most_unanswered: usize,
    lets_go: bool,
    is_closed: bool,
}

/// A registrar on a port of this machine.
pub struct ScriptedRegistrar {
    /// Its URL.
    pub url: String,
    shared: Arc<(Mutex<RegistrarScript>, Condvar)>,
}

impl Drop for ScriptedRegistrar {
    fn drop(&mut self) {
        self.state().is_closed = true;
        self.let_go();
        // Its thread sees that with the next connection.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches('/'));
    }
}

impl ScriptedRegistrar {
    /// One that gives these answers to who has no listener, and those to who has one; the last one again
    /// and again.
    pub fn start(without_listener: Vec<ScriptedAnswer>, with_listener: Vec<ScriptedAnswer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let state =
            RegistrarScript { answers: [without_listener, with_listener], ..RegistrarScript::default() };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let registrar = Self { url, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.0.lock().unwrap().is_closed {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || answer(stream, &shared));
            }
        });
        registrar
    }

    fn state(&self) -> MutexGuard<'_, RegistrarScript> {
        self.shared.0.lock().unwrap()
    }

    /// Waits until a question came.
    pub fn until_asked(&self) {
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.state(), Duration::from_secs(20), |state| state.asked.is_empty());
        assert!(!waited.unwrap().1.timed_out(), "no question comes");
    }

    /// Gives the answers that are held back, and holds none from now on.
    pub fn let_go(&self) {
        self.state().lets_go = true;
        self.shared.1.notify_all();
    }

    /// All that it was asked.
    pub fn asked(&self) -> Vec<ReceivedQuestion> {
        self.state().asked.clone()
    }

    /// How far the listener was at each question, in their order.
    pub fn listeners(&self) -> Vec<String> {
        self.state().asked.iter().map(|asked| asked.listener().to_owned()).collect()
    }

    /// How often it was asked with a listener that is so far.
    pub fn times(&self, listener: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.listener() == listener).count()
    }

    /// How many questions were under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.state().most_unanswered
    }

    /// The time from each question to the next.
    pub fn between(&self) -> Vec<Duration> {
        self.state().asked.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
    }
}

/// Answers the question that comes over a connection.
fn answer(mut stream: TcpStream, (state, news): &(Mutex<RegistrarScript>, Condvar)) {
    let Some((path, question)) = read(&mut stream) else { return };
    let answer = {
        let mut state = state.lock().unwrap();
        let answers = &mut state.answers[usize::from(question["listener"] != "none")];
        // The last one stays.
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        state.asked.push(ReceivedQuestion { path, question, at: Instant::now() });
        state.unanswered += 1;
        state.most_unanswered = state.most_unanswered.max(state.unanswered);
        news.notify_all();
        let waits = |state: &mut RegistrarScript| answer.is_held && !state.lets_go;
        let mut state = news.wait_while(state, waits).unwrap();
        // The reader of the answer may ask again at once.
        state.unanswered -= 1;
        answer
    };
    let ScriptedAnswer { status, headers, body, .. } = answer;
    if status != 0 {
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
    }
}

fn read(stream: &mut TcpStream) -> Option<(String, Value)> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let lower = line.trim().to_ascii_lowercase();
        if lower.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("POST ") {
            rest.split(' ').next()?.clone_into(&mut path);
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, serde_json::from_slice(&body).ok()?))
}
