//! A server whose answers are thought up: for what a peer should not say, or what an emulator does not know.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// What it is asked.
#[derive(Debug, Default)]
pub struct CannedRequest {
    /// The operation, where the protocol names it in `X-Amz-Target`, in small letters.
    pub operation: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Serves this answer until the process ends, and gives its URL.
#[must_use]
pub fn serve(status: u16, content_type: &'static str, body: String) -> String {
    serve_by(content_type, move |_| (status, body.clone()))
}

/// Serves what this makes of each request: a status and a body.
#[must_use]
pub fn serve_by(
    content_type: &'static str,
    answer: impl Fn(&CannedRequest) -> (u16, String) + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A client that goes away in mid-request is its own matter.
            thread::spawn(move || {
                read(&stream).and_then(|asked| write(&stream, content_type, &answer(&asked)))
            });
        }
    });
    url
}

fn read(stream: &TcpStream) -> io::Result<CannedRequest> {
    let mut reader = BufReader::new(stream);
    let (mut asked, mut length, mut line) = (CannedRequest::default(), 0, String::new());
    // A connection that was opened to be ready, and is closed unused, asks nothing.
    if reader.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.clear();
    while reader.read_line(&mut line)? > 2 {
        let header = line.trim().to_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if let Some((_, operation)) = header.strip_prefix("x-amz-target:").and_then(|it| it.rsplit_once('.'))
        {
            operation.clone_into(&mut asked.operation);
        }
        line.clear();
    }
    asked.body = vec![0; length];
    reader.read_exact(&mut asked.body)?;
    Ok(asked)
}

fn write(mut stream: &TcpStream, content_type: &str, (status, body): &(u16, String)) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\nconnection: close");
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_closed_unused_asks_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        drop(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let (stream, _) = listener.accept().unwrap();
        assert_eq!(read(&stream).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
