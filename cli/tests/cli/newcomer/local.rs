//! `mayfly local`: what it prints to be pasted works in a fresh shell, and so does what README says beside it; each
//! thing that happens has its line; Ctrl-C ends all of it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use mayfly::DEVELOPMENT_SECRET;
use tempfile::{TempDir, tempdir};

use super::{blocks, commands, fresh_shell, readme};
use crate::{root, stderr, stdout};

/// How long a line of the screen is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long it may take to end.
const END: Duration = Duration::from_secs(2);

/// README's address of AWS.
const ADDRESS: &str = "http://127.0.0.1:4566";

/// `mayfly local` under way, in a process group of its own, as a terminal's foreground has.
struct Local {
    process: Child,
    lines: Receiver<String>,
    folder: TempDir,
}

impl Local {
    fn start() -> Self {
        let folder = tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        process.current_dir(root()).args(["local", "--port", "0", "--logs"]).arg(folder.path().join("logs"));
        process.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut process = process.spawn().unwrap();
        let screen = BufReader::new(process.stdout.take().unwrap());
        let (shown, lines) = channel();
        thread::spawn(move || screen.lines().map_while(Result::ok).try_for_each(|line| shown.send(line)));
        Self { process, lines, folder }
    }

    /// The lines up to the first with these words, that one included.
    fn until(&self, words: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        while !lines.last().is_some_and(|line| line.contains(words)) {
            let line = self.lines.recv_timeout(PATIENCE);
            lines.push(line.unwrap_or_else(|_| panic!("no line has {words:?}:\n{}", lines.join("\n"))));
        }
        lines
    }

    /// What a line prints in a fresh shell, after the lines that set its environment.
    fn pasted(&self, environment: &[&str], line: &str) -> String {
        let script = [environment, &[line]].concat().join("\n");
        let output = fresh_shell(root(), &script).env("HOME", self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    /// Ctrl-C. Gives how long it took to end, and what it has said on standard error.
    #[expect(clippy::disallowed_methods, reason = "a real process ends in real time")]
    fn interrupt(mut self) -> (Duration, String) {
        let begun = Instant::now();
        let group = format!("-{}", self.process.id());
        assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        let took = begun.elapsed();
        let mut said = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (took, said)
    }
}

/// A delivery, signed by Octokit and posted to this URL.
fn posted_by_octokit(url: &str, sample: &str) -> String {
    let mut node = Command::new("node");
    node.current_dir(root().join("tests/contracts/octokit"));
    node.args(["post.mjs", DEVELOPMENT_SECRET, url, "workflow_job", "by-octokit"]);
    let output = node.stdin(File::open(root().join(sample)).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn what_it_prints_and_what_readme_says_works_in_a_fresh_shell_and_ctrl_c_ends_it() {
    let local = Local::start();
    let ready = local.until("Ctrl-C");
    let of = |name: &str| {
        let line = ready.iter().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let paste: Vec<&str> = ready.iter().filter_map(|line| line.strip_prefix("  ")).collect();
    let [aws_names, github_names, replay, list_tasks, why] = paste[..] else { panic!("{ready:#?}") };
    let names = [aws_names, github_names];

    assert!(local.pasted(&names, replay).contains("202 queued for the launcher"));
    let shown = local.until("launched: ").join("\n");
    assert!(shown.contains("delivery workflow_job queued, job 53100000006: 202 queued"), "{shown}");
    assert!(shown.contains("job 53100000006 queued, asks for"), "{shown}");
    assert!(local.pasted(&names, list_tasks).contains("task/mayfly_ec2/"));
    let told = local.pasted(&names, why);
    for words in ["ledger: Queued in ec2-arm64", "GitHub: queued", "runner "] {
        assert!(told.contains(words), "{words}: {told}");
    }

    let page = readme();
    let block = blocks(&page, "sh").into_iter().find(|block| block.starts_with("export AWS")).unwrap();
    let block = block.replace(ADDRESS, &of("AWS"));
    let mut lines = commands(&block);
    let export = lines.next().unwrap();
    for line in lines {
        let printed = local.pasted(&[export], line);
        let words = match line.split(' ').collect::<Vec<_>>()[..] {
            ["mayfly", ..] => "202 queued for the launcher",
            ["aws", "ecs", "list-clusters", ..] => "cluster/mayfly_fargate",
            ["aws", "ecs", "list-tasks", ..] => "taskArns",
            ["aws", "sqs", ..] => "JobQueue",
            ["aws", "dynamodb", ..] => "LedgerTable",
            _ => panic!("what does {line} print?"),
        };
        assert!(printed.contains(words), "{line} prints\n{printed}");
    }
    let answered = posted_by_octokit(&of("webhook"), "events/github/queued-ec2-x64.json");
    assert!(answered.starts_with("202 "), "{answered}");
    local.until("delivery workflow_job queued, job 53100000004: 202 queued for the launcher");

    let logs = local.folder.path().join("logs");
    assert_eq!(of("logs"), format!("{}/*.log", logs.display()));
    let logged = |function: &str| fs::read_to_string(logs.join(format!("{function}.log"))).unwrap();
    while !logged("webhook").contains("delivery queued") {
        thread::yield_now();
    }
    let github = of("GitHub").trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&github).is_ok());
    let (took, said) = local.interrupt();
    assert_eq!(said, "", "it ends without a word");
    assert!(took < END, "it took {took:?}");
    assert!(TcpStream::connect(&github).is_err(), "nobody listens any longer");
}
