//! The pools of a world.

use std::collections::BTreeSet;

use fleet::pools::DEFAULT_POOLS;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The pool that leaves the map in some worlds. No other one falls back to it.
pub(super) const LEAVES: &str = "ec2-x64-spot";

/// A map's text without a pool.
pub(super) fn without(pool: &str, text: &str) -> String {
    let own = format!("[pools.{pool}]");
    let mut is_in = false;
    let kept = text.lines().filter(|line| {
        if line.starts_with('[') {
            is_in = *line == own;
        }
        !is_in
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// The default pools with other maximums: out of the way, or so low that jobs have to wait, but not
/// for the day after which GitHub gives them up. In one world of three some of them keep runners
/// waiting for a while.
pub(super) fn pools(size: usize, random: &mut StdRng) -> String {
    let roomy = random.random_bool(0.5);
    let keeps_runners = random.random_ratio(1, 3);
    let least = u32::try_from(size / 20).unwrap_or(u32::MAX).max(1);
    let mut text = String::new();
    for line in DEFAULT_POOLS.lines() {
        if line.starts_with("maximum = ") {
            let maximum: u32 = if roomy { 2000 } else { random.random_range(least..=least + 7) };
            text.extend(["maximum = ", &maximum.to_string()]);
            if keeps_runners && random.random_bool(0.5) {
                text.extend(["\n", &own_hours(maximum, random)]);
            }
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// What AWS and GitHub take of the account: as published in half of the worlds, and in the others so little that a
/// burst meets it. The numbers are drawn by themselves: a world's pools stay as they are.
pub(super) fn limits(seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed ^ 0x6c69_6d69_7473);
    if random.random_bool(0.5) {
        return String::new();
    }
    let (at_once, a_second) = (random.random_range(1..=20), random.random_range(1..=5));
    let (provisioning, calls) = (random.random_range(4..=40), random.random_range(60..=90));
    format!(
        "\n[limits]\nrun_tasks_at_once = {at_once}\nrun_tasks_a_second = {a_second}\n\
         provisioning_tasks = {provisioning}\ngithub_calls_a_minute = {calls}\n"
    )
}

/// A schedule with up to two windows on the day of [`START`], a Monday, while things are done. No other
/// opens before the world has come to rest.
fn own_hours(maximum: u32, random: &mut StdRng) -> String {
    let count = random.random_range(1..=2);
    let minutes = rand::seq::index::sample(random, 4 * 60, 2 * count).into_vec();
    let edges: BTreeSet<usize> = minutes.into_iter().collect();
    let clocks: Vec<String> =
        edges.into_iter().map(|minute| format!("{:02}:{:02}", 9 + minute / 60, minute % 60)).collect();
    let windows = clocks.chunks_exact(2).filter_map(|edges| {
        let (from, to) = (edges.first()?, edges.last()?);
        let minimum = random.random_range(1..=3).min(maximum);
        Some(format!(r#"{{ days = ["mon"], from = "{from}", to = "{to}", minimum = {minimum} }}"#))
    });
    format!("schedule = {{ windows = [{}] }}", windows.collect::<Vec<_>>().join(", "))
}
