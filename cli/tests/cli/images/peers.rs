//! GitHub's API, a registry that wants a token, and downloads, on one port of this machine.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Where it listens. It serves until the test ends.
pub(super) struct Peers {
    pub(super) url: String,
}

/// What is answered to a path: the body of a 200. Every other path is a 404.
pub(super) type Bodies = BTreeMap<&'static str, String>;

impl Peers {
    pub(super) fn start(answers: Bodies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let its = url.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &answers, &its);
            }
        });
        Self { url }
    }
}

/// The digest that the registry has, for who has its token.
pub(super) const DIGEST: &str = "sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f";

fn answer(mut stream: TcpStream, answers: &Bodies, url: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    let request = lines.next().unwrap_or_default();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let has = |header: &str| headers.iter().any(|line| line.eq_ignore_ascii_case(header));
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, extra, body) = match answers.get(path) {
        _ if path.starts_with("/v2/") && answers.contains_key("registry") => {
            if has("authorization: Bearer one-pull") {
                (200, format!("docker-content-digest: {DIGEST}\r\n"), String::new())
            } else {
                let scope = "service=\"registry.example\",scope=\"repository:library/debian:pull\"";
                (401, format!("www-authenticate: Bearer realm=\"{url}/token\",{scope}\r\n"), String::new())
            }
        }
        Some(body) => (200, String::new(), body.clone()),
        None => (404, String::new(), String::new()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} .\r\ncontent-length: {length}\r\nconnection: close\r\n{extra}\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}
