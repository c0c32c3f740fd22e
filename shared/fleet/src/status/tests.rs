use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::ids::{JobId, PoolName, Repository, RunnerId, TaskArn};
use crate::launch::TaskTimes;
use crate::ledger::{Book, Job, JobState, JobTimes, Runner};
use crate::pools::{DEFAULT_POOLS, PoolMap};
use crate::ports::TaskDescription;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_791_190_800_000 + milliseconds).unwrap()
}

fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

fn job() -> Job {
    Job {
        pool: Some(pool("ec2-x64")),
        times: JobTimes { created_at: Some(at(0)), accepted_at: Some(at(700)), begun_at: None },
        version: 1,
        ..Job::new(
            JobId(7),
            JobState::Queued,
            Repository::new("octo-org/storefront"),
            ["ec2-x64"].into_iter().collect(),
            at(1_000),
        )
    }
}

/// A job that waits in an empty pool, half a minute after it was queued.
fn picture() -> Picture {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let mut picture = Picture::of(JobId(7), pools, at(30_000));
    picture.job = Lookup::Read(job());
    picture.waiting = vec![JobId(7)];
    picture.books = [(pool("ec2-x64"), Book { queued: 1, ..Book::open(pool("ec2-x64"), 15) })].into();
    picture.tasks = Lookup::Read([].into());
    picture
}

fn runner() -> Runner {
    Runner::reserved(RunnerId::from_random(1), pool("ec2-x64"), pool("ec2-x64"), at(2_000))
}

#[test]
fn what_lies_between_two_steps_of_a_function_has_its_sentence() {
    let mut seen = picture();
    assert_eq!(why(&seen).sentence(), "pool ec2-x64 has room, and a runner is about to be reserved");
    seen.runners = [(runner().id, runner())].into();
    assert_eq!(
        why(&seen).sentence(),
        "a runner on ec2-x64 was reserved 28 s ago, and ECS does not list its task yet"
    );
    let times = TaskTimes {
        pull_started_at: Some(at(10_000)),
        pull_stopped_at: Some(at(20_000)),
        ..TaskTimes::default()
    };
    let task = TaskDescription {
        task: TaskArn::new("arn:aws:ecs:us-east-1:123456789012:task/mayfly_ec2/0123"),
        runner: Some(runner().id),
        last_status: "PENDING".to_owned(),
        times,
        stop: None,
        stack: None,
    };
    seen.tasks = Lookup::Read([(runner().id, task)].into());
    assert_eq!(
        why(&seen).sentence(),
        "the task of a runner on ec2-x64 has been starting its containers for 10 s"
    );
}

#[test]
fn a_stage_whose_end_nobody_knows_is_told_with_the_next_and_clocks_that_differ_take_no_time() {
    let mut seen = picture();
    let mut runner = runner();
    // ECS's clock is behind, and says nothing of the pull.
    runner.times.created = Some(-200);
    runner.times.started = Some(9_000);
    runner.times.asked = Some(12_500);
    runner.times.listened = Some(60_000);
    seen.runners = [(runner.id.clone(), runner.clone())].into();
    let times = JobTimes { begun_at: Some(at(20_000)), ..job().times };
    seen.job = Lookup::Read(Job { runner: Some(runner.id), state: JobState::InProgress, times, ..job() });
    let waterfall = waterfall(&seen).unwrap();
    let stages: Vec<_> =
        waterfall.stages.iter().map(|it| (it.with.join("+"), it.name, it.milliseconds)).collect();
    let none = String::new;
    assert_eq!(
        stages,
        [
            (none(), "delivered and accepted", 700),
            (none(), "in the ledger", 300),
            (none(), "reserved", 1_000),
            (none(), "RunTask", 0),
            ("PROVISIONING+pulling".to_owned(), "starting", 9_000),
            ("PID 1 begun".to_owned(), "asked", 1_500 + 2_000),
            ("registered+listening".to_owned(), "job begun", 20_000 - 14_500),
        ]
    );
    assert_eq!(stages.iter().map(|(.., it)| it).sum::<i64>(), waterfall.milliseconds);
    assert_eq!(waterfall.milliseconds, 20_000);
    assert!(waterfall.notes.contains(&"listening: heard of only after the end".to_owned()));
}

#[test]
fn times_and_lengths_are_said_as_people_say_them() {
    assert_eq!(clock(at(5_000), at(0)), "09:00:05");
    assert_eq!(clock(at(-86_400_000), at(0)), "2026-10-04 09:00:00");
    for (milliseconds, said) in [
        (-5, "0 s"),
        (0, "0 s"),
        (450, "450 ms"),
        (40_999, "40 s"),
        (200_000, "3 min 20 s"),
        (180_000, "3 min"),
        (7_500_000, "2 h 5 min"),
        (274_000_000, "3 d 4 h"),
    ] {
        assert_eq!(length(SignedDuration::from_millis(milliseconds)), said);
    }
}

#[test]
fn what_looks_like_a_secret_is_masked_and_what_is_a_name_is_not() {
    let jit = "eyJydW5uZXIi".repeat(20);
    for (text, said) in [
        (
            "pull https://user:hunter2@registry.example/ci/runner:3 failed",
            "pull https://…@registry.example/ci/runner:3 failed",
        ),
        ("GET https://api.example/x?token=abc&y=1: 403", "GET https://api.example/x?… 403"),
        ("https://t0k3n@github.com/octo-org/x", "https://…@github.com/octo-org/x"),
        ("token ghs_0123456789abcdefghijABCDEFGHIJ0123456789 refused", "token … refused"),
        ("key=AKIAIOSFODNN7EXAMPLE", "key=…"),
        (&format!("ticket 0123456789abcdefghjk.{}", "0a".repeat(32)), "ticket 0123456789abcdefghjk.…"),
        (&format!("config {jit}"), "config …"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAr5v3sTqU9xq2m4k1u0bZ",
            "-----BEGIN RSA PRIVATE KEY-----\n…",
        ),
        ("mayfly-ec2-x64-spot-0123456789abcdefghjk", "mayfly-ec2-x64-spot-0123456789abcdefghjk"),
        ("task 0123456789abcdef0123456789abcdef STOPPED", "task 0123456789abcdef0123456789abcdef STOPPED"),
        ("CannotPullContainerError: manifest unknown", "CannotPullContainerError: manifest unknown"),
    ] {
        assert_eq!(masked(text), said);
    }
}
