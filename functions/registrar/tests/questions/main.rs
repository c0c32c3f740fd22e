//! What PID 1 asks, and what it is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can not go on fails"
)]

mod gone;
mod limits;
mod scene;

use fleet::ledger::{RunnerEvent, RunnerState};
use fleet::ticket::Ticket;
use fleet::{GithubRunnerId, RunnerId};
use kit::recording::record;
use sandbox::Fault;
use scene::{OLD_KEY, Scene};
use serde_json::json;

#[test]
fn a_runner_that_is_needed_gets_its_jit_config_and_is_idle() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    let answered = scene.claim(runner, "boot");
    assert_eq!(answered.status, 200);
    assert_eq!(answered.body["settings"]["pool"], "fargate-x64");
    assert_eq!(answered.body["settings"]["runner_name"], format!("mayfly-fargate-x64-{runner}"));
    let stored = scene.runner(runner);
    assert_eq!((stored.state, stored.github_id), (RunnerState::Idle, Some(GithubRunnerId(1))));
    let github = scene.sandbox.github().borrow();
    let registered = github.runner(GithubRunnerId(1)).unwrap();
    assert_eq!((registered.group.as_str(), registered.labels.iter().count() > 2), ("fargate", true));
}

#[test]
fn a_stolen_ticket_is_refused_and_counted_and_changes_nothing() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.claim(runner, "boot");
    let before = scene.runner(runner);
    let (statuses, recorded) =
        record(|| [scene.claim(runner, "thief").status, scene.release(runner, "thief").status]);
    assert_eq!(statuses, [403, 403]);
    assert_eq!((scene.runner(runner), scene.registered()), (before, 1));
    assert_eq!(recorded.count("TicketsRefused{Answer=AnotherBoot}"), 2);
}

#[test]
fn a_ticket_that_is_not_ours_is_refused_before_anything_is_read() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    // No read would succeed.
    scene.sandbox.set_faults([(Fault::LedgerReadFails, 1.0)].into());
    let forged = Ticket::issue(runner, &"another key".into());
    for path in ["/claim", "/release"] {
        assert_eq!(scene.ask(path, forged.expose(), "boot").status, 403, "{path}");
        assert_eq!(scene.ask(path, "", "boot").status, 403, "{path}");
    }
    assert_eq!(scene.claim(runner, "boot").status, 503, "a good one is read for");
}

#[test]
fn during_a_rotation_both_ticket_keys_are_valid() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    let old = Ticket::issue(runner, &OLD_KEY.into());
    assert_eq!(scene.ask("/claim", old.expose(), "boot").status, 200);
}

#[test]
fn a_claim_whose_job_was_cancelled_is_not_needed_and_github_hears_nothing_of_it() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.minimum(0);
    assert_eq!(scene.claim(runner, "boot").status, 409);
    assert_eq!((scene.calls().len(), scene.registered()), (0, 0));
    assert_eq!(scene.runner(runner).state, RunnerState::Leaving);
    assert_eq!(scene.claim(runner, "boot").status, 410, "and it is gone from then on");
}

#[test]
fn after_a_lost_answer_the_same_boot_claims_again_and_one_registration_remains() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    let first = scene.claim(runner, "boot");
    let second = scene.claim(runner, "boot");
    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.body["jit_config"], second.body["jit_config"], "a JIT config is good for once");
    assert_eq!(scene.registered(), 1);
    assert_eq!(scene.runner(runner).github_id, Some(GithubRunnerId(2)), "the second one's");
}

#[test]
fn a_registration_that_github_made_without_telling_is_replaced() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.sandbox.github().borrow_mut().group("fargate");
    scene.sandbox.set_faults([(Fault::GithubAnswerLost, 1.0)].into());
    assert_eq!(scene.claim(runner, "boot").status, 503);
    scene.sandbox.github().borrow_mut().register(
        &runner.github_name(&scene.runner(runner).pool),
        ["linux"].into_iter().collect(),
        "fargate",
    );
    scene.sandbox.set_faults([].into());
    assert_eq!(scene.claim(runner, "boot").status, 200);
    assert_eq!(scene.registered(), 1);
}

#[test]
fn an_idle_runner_stays_while_it_is_needed_and_then_leaves_without_its_registration() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.claim(runner, "boot");
    assert_eq!(scene.release(runner, "boot").body, json!({"answer": "stay"}));
    assert_eq!(scene.claim(runner, "boot").status, 410, "the first release closes the claim for ever");
    scene.minimum(0);
    assert_eq!(scene.release(runner, "boot").body, json!({"answer": "leave"}));
    assert_eq!((scene.registered(), scene.runner(runner).state), (0, RunnerState::Leaving));
    assert_eq!(scene.release(runner, "boot").body, json!({"answer": "leave"}), "the answer was lost");
}

#[test]
fn a_runner_that_took_a_job_while_it_was_let_go_stays() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.claim(runner, "boot");
    let job = fleet::JobId(1);
    let plan = sandbox::github::JobPlan {
        repository: fleet::Repository::new("octo-org/storefront"),
        labels: ["fargate-x64"].into_iter().collect(),
        work: std::time::Duration::from_mins(1),
    };
    {
        let mut github = scene.sandbox.github().borrow_mut();
        github.connect(GithubRunnerId(1));
        github.add_job(job, plan, scene::START);
        assert_eq!(github.assign(scene::START, |_| 0), [(job, GithubRunnerId(1))]);
    }
    scene.minimum(0);
    assert_eq!(scene.release(runner, "boot").body, json!({"answer": "stay"}));
    assert_eq!(scene.runner(runner).state, RunnerState::Busy);
}

#[test]
fn a_runner_that_left_while_it_was_registered_leaves_no_registration() {
    let scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.tell(runner, RunnerEvent::Claim(fleet::BootId::new("boot")));
    scene.tell(runner, RunnerEvent::CountedOut);
    assert_eq!(scene.claim(runner, "boot").status, 410);
    assert_eq!(scene.registered(), 0);
    let unknown = RunnerId::from_random(99);
    assert_eq!(scene.claim(&unknown, "boot").status, 410, "a runner that the ledger has forgotten");
    assert_eq!(scene.release(&unknown, "boot").body, json!({"answer": "leave"}));
}

#[test]
fn what_is_no_question_is_told_what_is_wrong_without_repeating_it() {
    let scene = Scene::new();
    for (method, path, body, named) in [
        ("POST", "/", "{}", "the path"),
        ("GET", "/claim", "{}", "the method"),
        ("POST", "/claim", "hunter2", "`ticket` and `boot`"),
        ("POST", "/release", r#"{"ticket": "hunter2"}"#, "`ticket` and `boot`"),
        ("POST", "/claim", r#"{"ticket": "hunter2", "boot": ""}"#, "`boot`"),
        ("POST", "/claim", &"hunter2".repeat(1000), "4096 bytes"),
    ] {
        let answered = scene.send(method, path, body);
        let message = answered.body["message"].as_str().unwrap();
        assert_eq!(answered.status, 400, "{message}");
        assert!(message.contains(named) && !message.contains("hunter2"), "{message}");
    }
}
