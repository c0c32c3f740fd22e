//! A proxy that opens TLS, as companies have them: it shows its own certificate for every host, and reads along.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The host that it shows a certificate for. Nothing resolves it but the proxy.
pub const HOST: &str = "registrar.invalid";

/// A proxy on a port of this machine, which hands all that it is sent to one server.
pub struct OpeningProxy {
    /// Its URL.
    pub url: String,
    folder: TempDir,
}

impl OpeningProxy {
    /// One in front of the server at this address. It ends with the process.
    pub fn start(server: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, server) = (Arc::clone(&config), server.clone());
                // A client that does not believe the certificate breaks the connection.
                thread::spawn(move || open(stream.ok()?, config, &server));
            }
        });
        Self { url, folder }
    }

    /// The root that its clients have to trust.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }
}

/// One connection: `CONNECT`, TLS with the proxy itself, and what is said in it handed on.
fn open(mut stream: TcpStream, config: Arc<ServerConfig>, server: &str) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let asked = request(&mut stream)?;
    assert!(asked.starts_with(format!("CONNECT {HOST}:443 ").as_bytes()), "{asked:?}");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let mut tls = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let asked = request(&mut tls)?;
    let mut behind = TcpStream::connect(server).ok()?;
    behind.write_all(&asked).ok()?;
    let mut answer = vec![];
    behind.read_to_end(&mut answer).ok()?;
    tls.write_all(&answer).ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()
}

/// A whole request, head and body, as it came.
fn request(stream: &mut impl Read) -> Option<Vec<u8>> {
    // Byte by byte at first: what follows a `CONNECT` is not this reader's.
    let (mut head, mut byte) = (vec![], [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let lengths = BufReader::new(&head[..]).lines().map_while(Result::ok);
    let length = lengths
        .filter_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.last().unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some([head, body].concat())
}
