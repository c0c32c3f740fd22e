//! Whose certificates PID 1 believes.

use fleet::launch::exit_code::{FAILED, NOT_NEEDED};

use crate::proxy::{HOST, OpeningProxy};
use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{command, to_the_end};

#[test]
fn a_proxy_that_opens_tls_works_by_ssl_cert_file_and_not_without_it() {
    let registrar = ScriptedRegistrar::start(vec![ScriptedAnswer::leave()], vec![ScriptedAnswer::leave()]);
    let proxy = OpeningProxy::start(&registrar.url);
    let through_it = || {
        let mut task = command(&registrar);
        task.env("MAYFLY_REGISTRAR_URL", format!("https://{HOST}/")).env("HTTPS_PROXY", &proxy.url);
        task.env("MAYFLY_GIVE_UP_SECONDS", "0.5");
        task
    };
    let ended = to_the_end(through_it());
    assert_eq!(i64::from(ended.code), FAILED, "{}", ended.log);
    assert!(ended.log.contains("question not answered"), "{}", ended.log);
    assert!(registrar.asked().is_empty(), "no ticket goes to who is not believed");

    let mut task = through_it();
    task.env("SSL_CERT_FILE", proxy.root());
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), NOT_NEEDED, "{}", ended.log);
    assert_eq!(registrar.asked().len(), 1);
}

#[test]
fn a_file_of_roots_that_is_not_there_is_said() {
    let registrar = ScriptedRegistrar::start(vec![ScriptedAnswer::leave()], vec![ScriptedAnswer::leave()]);
    let mut task = command(&registrar);
    task.env("SSL_CERT_FILE", "/there/is/none.pem");
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), NOT_NEEDED, "{}", ended.log);
    assert!(ended.messages().contains(&"a root certificate cannot be read".to_owned()), "{}", ended.log);
}
