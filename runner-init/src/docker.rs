//! Whether Docker is up.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long is between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// How long one look may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Waits until Docker answers on its socket. `false` if it does not in time.
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
        let mut answer = [0; 64];
        let length = stream.read(&mut answer)?;
        Ok::<_, std::io::Error>(
            String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned(),
        )
    };
    asked().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}
