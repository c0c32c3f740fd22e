//! A registrar that says what it was told to say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// An answer: its status, its headers and its body. Status 0 is none at all.
#[derive(Debug, Clone)]
pub struct Answer(pub u16, pub &'static str, pub String);

impl Answer {
    /// A JIT config, which is what the stub does.
    pub fn granted(steps: &str) -> Self {
        let settings = serde_json::json!({"pool": "ec2-x64", "runner_name": "mayfly-1", "sudo": false});
        Self(200, "", serde_json::json!({"jit_config": steps, "settings": settings}).to_string())
    }

    /// The same, where `sudo` works.
    pub fn granted_with_sudo(steps: &str) -> Self {
        let Self(status, headers, body) = Self::granted(steps);
        Self(status, headers, body.replace("false", "true"))
    }

    /// One of a release.
    pub fn release(answer: &str) -> Self {
        Self(200, "", serde_json::json!({"answer": answer}).to_string())
    }

    /// One without a body of its own.
    pub fn status(status: u16, headers: &'static str) -> Self {
        Self(status, headers, r#"{"message":"as the test says"}"#.to_owned())
    }
}

/// What was asked: the path, the question, and when.
pub type Asked = Vec<(String, Value, Instant)>;

/// A registrar on a port of this machine.
pub struct Registrar {
    /// Its URL.
    pub url: String,
    /// All that it was asked.
    pub asked: Arc<Mutex<Asked>>,
    news: Arc<Condvar>,
    closed: Arc<AtomicBool>,
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Its thread sees that with the next connection.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches('/'));
    }
}

impl Registrar {
    /// One that gives these answers to claims and to releases, the last one again and again.
    pub fn start(claims: Vec<Answer>, releases: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Asked::new()));
        let (news, closed) = (Arc::new(Condvar::new()), Arc::new(AtomicBool::new(false)));
        let (notes, tells, ends) = (Arc::clone(&asked), Arc::clone(&news), Arc::clone(&closed));
        thread::spawn(move || {
            let (mut claims, mut releases) = (claims, releases);
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let Some((path, question)) = read(&mut stream) else { continue };
                let answers = if path == "/claim" { &mut claims } else { &mut releases };
                // The last one stays.
                let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
                notes.lock().unwrap().push((path, question, Instant::now()));
                tells.notify_all();
                let Answer(status, headers, body) = answer;
                if status != 0 {
                    let length = body.len();
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
                    );
                }
            }
        });
        Self { url, asked, news, closed }
    }

    /// Waits until it was claimed from.
    pub fn until_claimed(&self) {
        let asked = self.asked.lock().unwrap();
        let waited = self.news.wait_timeout_while(asked, Duration::from_secs(20), |asked| asked.is_empty());
        assert!(!waited.unwrap().1.timed_out(), "no claim comes");
    }

    /// How often this path was asked.
    pub fn times(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(its, ..)| its == path).count()
    }

    /// The time from each claim to the next.
    pub fn between_claims(&self) -> Vec<Duration> {
        let asked = self.asked.lock().unwrap();
        let claims: Vec<Instant> =
            asked.iter().filter(|(path, ..)| path == "/claim").map(|(.., at)| *at).collect();
        claims.windows(2).map(|pair| pair[1] - pair[0]).collect()
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
