//! Registrations that GitHub made for a question, and jobs that it has given them meanwhile.

use super::*;

#[test]
fn a_registration_is_stored_before_its_config_is_answered() {
    let config = |wrote, posts| writes(wrote, posts, CONFIG);
    let rows = |hung, why| {
        [
            (Life::Starting, nothing(LEAVE), "no boot has asked"),
            (Life::Called, config("github_id", ""), "GitHub made its JIT config"),
            (Life::Registered, config("github_id", ""), "again: the new one has replaced the old one"),
            (Life::Listening, nothing(LEAVE), "it has used its one config: this registration is deleted"),
            (Life::Slow, nothing(LEAVE), "no boot has asked"),
            (Life::Hung, hung, why),
            (Life::Busy, nothing(WAIT), "a job came through the previous one: this one is deleted"),
            (Life::Fenced, nothing(LEAVE), "no boot has asked"),
            (Life::Leaving, nothing(LEAVE), "answered \"leave\" meanwhile: this one is deleted"),
            (Life::Stopped, nothing(LEAVE), "stopped meanwhile: this one is deleted"),
        ]
    };
    let comes_back = config("Idle, github_id", "spot.supply +1, spot.idle +1");
    at_every_point(&registered("first", 8), 1, rows(comes_back, "Overdue meanwhile, and still needed"));
    let leaves = writes("Leaving as NotNeeded", "", LEAVE);
    at_every_point(&registered("first", 8), 0, rows(leaves, "Overdue meanwhile, and its spare was faster"));
}

#[test]
fn the_registration_that_was_made_last_is_the_runners() {
    for life in [Life::Called, Life::Registered, Life::Hung] {
        let before = life.runner();
        let after = of_runner(&before, &registered("first", 8), &alone(&before, 1), at(0)).runner;
        assert_eq!(after.and_then(|runner| runner.github_id), Some(GithubRunnerId(8)), "{life:?}");
    }
}

#[test]
fn a_registration_for_another_boot_is_nobodys() {
    for jobs in [0, 1] {
        for life in Life::ALL {
            let before = life.runner();
            let outcome = of_runner(&before, &registered("second", 8), &alone(&before, jobs), at(0));
            let answer = if life == Life::Busy { WAIT } else { LEAVE };
            assert_eq!(outcome, unchanged(answer), "{life:?} with {jobs} jobs: this boot never got a config");
        }
    }
}

#[test]
fn a_job_that_github_knows_of_overtakes_whatever_the_ledger_thought() {
    let busy = |posts| writes("Busy", posts, NOTED);
    let out_of_idle = "spot.supply -1, spot.idle -1";
    for jobs in [0, 1] {
        at_every_point(
            &RunnerEvent::FoundBusy,
            jobs,
            [
                (Life::Starting, nothing(NOTED), "it has no registration, and nobody wanted to delete one"),
                (Life::Called, busy(out_of_idle), "a lost answer's registration runs a job"),
                (Life::Registered, busy(out_of_idle), "the same; in_progress will say so too"),
                (Life::Listening, busy(out_of_idle), "its job was faster than the webhook"),
                (Life::Slow, busy(""), "GitHub's word counts"),
                (Life::Hung, busy(""), "it was slow, but took a job"),
                (Life::Busy, nothing(NOTED), "in_progress was faster"),
                (Life::Fenced, busy(""), "GitHub's word counts"),
                (Life::Leaving, busy(""), "it had to leave, and took a job at the same moment"),
                (Life::Stopped, nothing(NOTED), "its task has stopped"),
            ],
        );
    }
}
