//! The bench itself, small. Its bounds are on virtual time, which does not depend on the machine.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::SignedDuration;
use sandbox::ecs::{EcsLimits, Rate};
use sandbox::github::GithubLimits;
use scale::bench::GithubIs;
use scale::{Data, Figures, Load, Shape, ShapeResult, report};

/// A burst. Whatever is left over at its end, a book that is not what its items add up to among it, is an error.
fn burst(jobs: u32, data: &Data) -> Figures {
    let github = GithubIs::AsPublished;
    let load = Load { shape: Shape::Burst, size: jobs.into(), maximum: jobs, github };
    match load.run(data).unwrap() {
        ShapeResult::Load(figures) => *figures,
        ShapeResult::Tick(..) => panic!("a burst is no tick"),
    }
}

fn shipped() -> Data {
    Data::read(None).unwrap()
}

/// Nothing is lost, launched twice or too late, and every event is in the ledger.
#[track_caller]
fn assert_whole(figures: &Figures, jobs: usize) {
    let Figures { lost, tasks_too_many, unlaunched, unwritten, .. } = *figures;
    assert_eq!((figures.jobs, figures.to_config.0.len()), (jobs, jobs));
    assert_eq!((lost, tasks_too_many, unlaunched, unwritten), (0, 0, 0, 0));
}

#[test]
fn sixty_jobs_at_once_have_their_runners_in_two_minutes_and_nobody_waits_for_github() {
    let figures = burst(60, &shipped());
    assert_whole(&figures, 60);
    let within = |length: Option<SignedDuration>, seconds| {
        assert!(length.unwrap() <= SignedDuration::from_secs(seconds), "{figures:#?}");
    };
    within(figures.last_run_task, 30);
    within(figures.last_config, 120);
    within(figures.webhooks.percentile(99), 5);
    within(figures.stops.percentile(99), 5);
    // A second or two from RUNNING to the first question, and GitHub's answer.
    within(Some(figures.waited), 60 * 5);
    assert!(figures.questions <= 66, "1.1 questions a task: {figures:#?}");
    let strain = figures.strain;
    assert_eq!((strain.throttled, strain.refused, figures.refused_by_github), (0, 0, 0));
    assert!(figures.binds.starts_with("no limit"), "{}", figures.binds);
}

#[test]
fn a_run_is_the_same_each_time() {
    let figures = || {
        let mut figures = burst(20, &shipped());
        figures.wall = std::time::Duration::ZERO;
        format!("{figures:?}")
    };
    assert_eq!(figures(), figures());
}

#[test]
fn what_is_beyond_a_limit_is_refused_and_no_job_is_lost_by_it() {
    let run_task = Some(Rate { a_second: 1, burst: 2 });
    let slow = Data { ecs: EcsLimits { run_task, ..EcsLimits::default() }, ..shipped() };
    let narrow = Data { ecs: EcsLimits { provisioning: Some(5), run_task: None }, ..shipped() };
    let points = GithubLimits { points_a_minute: Some(50), ..GithubLimits::default() };
    let quiet = Data { github: points, ..shipped() };
    for (data, refused, why) in [
        (slow, [true, false, false], "RunTask's rate"),
        (narrow, [false, true, false], "tasks in PROVISIONING"),
        (quiet, [false, false, true], "GitHub's points"),
    ] {
        let figures = burst(30, &data);
        let strain = figures.strain;
        let found = [strain.throttled, strain.refused, figures.refused_by_github].map(|count| count > 0);
        assert_eq!(found, refused, "{why}");
        assert_eq!(figures.lost, 0, "{why}");
    }
}

#[test]
fn every_shape_has_its_table() {
    for (shape, size, has) in [
        (Shape::Steady, 3, "| 3 events a second "),
        (Shape::Outage, 20, "| 20 jobs, GitHub as published "),
        (Shape::Pools, 14, "| 14 jobs "),
        (Shape::Scheduler, 50, "| 50 "),
    ] {
        let outcomes: Vec<_> =
            shape.load(size).into_iter().map(|load| load.run(&shipped()).unwrap()).collect();
        let table = report(shape, &outcomes);
        assert!(table.contains(has), "{table}");
    }
}
