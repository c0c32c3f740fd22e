//! Whether Docker is up.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// How long one look may take.
const ANSWER: Duration = Duration::from_secs(5);

/// The longest status line that is read, in bytes.
const LONGEST_LINE: u64 = 256;

/// Waits until Docker answers on its socket. `false` if it does not do so in time.
#[expect(clippy::disallowed_methods, reason = "a real wait for a real daemon")]
pub(crate) fn wait(socket: &Path, longest: Duration) -> bool {
    let began = Instant::now();
    loop {
        if is_up(socket) {
            return true;
        }
        if began.elapsed() + EVERY > longest {
            return false;
        }
        thread::sleep(EVERY);
    }
}

/// Docker's own health check (Docker Engine API: `GET /_ping`).
fn is_up(socket: &Path) -> bool {
    let asked = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
        let mut status = String::new();
        BufReader::new(stream.take(LONGEST_LINE)).read_line(&mut status)?;
        Ok::<_, std::io::Error>(status)
    };
    asked().is_ok_and(|status| status.split(' ').nth(1) == Some("200"))
}
