//! The page of `mayfly why --html` in a real browser, where one is installed. `make test` says where none is.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use tempfile::TempDir;

use super::{mayfly, planted, text, url};

/// The names of browsers that look.mjs can drive, as the Makefile has them.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// What a person sees of a page, and what the page asked the network for.
#[derive(Debug, Deserialize)]
struct Looked {
    requests: Vec<String>,
    text: String,
    heading: String,
}

/// Whether a program is on the PATH.
fn is_here(program: &&str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn look(browser: &str, page: &Path) -> Looked {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/why/look.mjs");
    let url = format!("file://{}", page.display());
    let output = Command::new("node").args([script, browser, &url]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_browser_shows_the_sentence_and_asks_the_network_for_nothing() {
    let Some(browser) = BROWSERS.into_iter().find(is_here) else { return };
    let (output, folder) = mayfly(planted(), &["why", "--html", "page.html", &url()]);
    let page = folder.path().join("page.html");
    let said = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    let seen = look(browser, &page);
    assert!(!seen.heading.is_empty() && said.starts_with(&seen.heading), "{said}: {seen:?}");
    for words in
        ["Next: after five minutes", "Where the time went", "pool ec2-x64: 1 queued", "Times are UTC"]
    {
        assert!(seen.text.contains(words), "{words}: {}", seen.text);
    }
    assert_eq!(seen.requests, [format!("file://{}", page.display())], "the page itself, and nothing else");
}

/// What is hidden is not seen, and what is fetched is.
#[test]
fn a_page_that_hides_and_fetches_is_found_out() {
    let Some(browser) = BROWSERS.into_iter().find(is_here) else { return };
    let (folder, elsewhere) = (TempDir::new().unwrap(), "http://127.0.0.1:9/elsewhere.png");
    let page = folder.path().join("page.html");
    std::fs::write(&page, format!("<h1 style='display: none'>hidden</h1><img src='{elsewhere}'>")).unwrap();
    let seen = look(browser, &page);
    assert_eq!((seen.heading.as_str(), seen.text.contains("hidden")), ("", false));
    assert_eq!(seen.requests, [format!("file://{}", page.display()), elsewhere.to_owned()]);
}
