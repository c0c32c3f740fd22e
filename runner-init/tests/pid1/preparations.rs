//! What is looked after before the first question: Docker.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;

use fleet::launch::exit_code::JOB_DONE;

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{command, open_folder, path, to_the_end};

fn registrar() -> ScriptedRegistrar {
    let steps = "say Running job: build; sleep 1";
    ScriptedRegistrar::start(vec![ScriptedAnswer::config(steps)], vec![ScriptedAnswer::wait(60)])
}

#[test]
fn docker_is_waited_for_until_it_is_well() {
    let folder = open_folder();
    let (_, socket) = path(&folder, "docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 256]).unwrap() > 0);
            write!(stream, "HTTP/1.0 {status}\r\n\r\n").unwrap();
        }
    });
    let registrar = registrar();
    let mut task = command(&registrar);
    task.env("MAYFLY_DOCKER_SOCKET", &socket);
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
}
