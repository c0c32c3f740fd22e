//! A server of the same answer for every request: for what a peer should not say, or what an emulator does
//! not know.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves this answer until the process ends, and gives its URL.
#[must_use]
pub fn serve(status: u16, content_type: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in mid-request is its own matter.
            let _ = answer(stream, status, content_type, &body);
        }
    });
    url
}

fn answer(mut stream: TcpStream, status: u16, content_type: &str, body: &str) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        let header = line.to_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length])?;
    let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\nconnection: close");
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
