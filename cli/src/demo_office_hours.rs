//! The end of `mayfly demo`: an evening of the office-hours profile. Working hours end, pools shrink,
//! no busy runner is touched, and the EC2 groups' `MinSize` follows.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use fleet::launch::exit_code::JOB_DONE;
use fleet::ledger::RunnerState;
use fleet::{JobId, Pool, PoolMap, Repository, RunnerId};
use jiff::{SignedDuration, Timestamp};
use sandbox::github::{JobPlan, Phase};
use sandbox::{Delays, Sandbox, World};
use secrecy::SecretString;

use crate::report;
use platform::Platform;

const PROFILE: &str = include_str!("../../examples/pools-office-hours.toml");

/// When it begins: Monday 2026-03-23, 18:30 in the profile's time zone.
const START: Timestamp = Timestamp::constant(1_774_290_600, 0);

/// When jobs are queued: by then the minimums are up.
const JOBS_AFTER: SignedDuration = SignedDuration::from_mins(20);

/// How long a job takes: beyond the end of working hours, which is 19:00.
const WORK: Duration = Duration::from_mins(40);

/// Jobs of each pool.
const JOBS_A_POOL: usize = 2;

/// How long it is observed.
const LENGTH: SignedDuration = SignedDuration::from_mins(75);

/// Most runners that the profile lets live at once.
const MOST: usize = 100;

/// The platform on that evening.
struct Evening {
    pools: PoolMap,
    world: World<Platform>,
}

/// The state at one moment, over all pools; the groups by pool.
#[derive(Debug, PartialEq, Eq)]
struct PoolsAtMoment {
    minimum: u32,
    states: BTreeMap<RunnerState, usize>,
    floors: Vec<u32>,
}

/// Describes the evening. Returns one line for each thing that went wrong.
pub fn run(secret: &SecretString, out: &mut impl Write) -> Result<Vec<String>> {
    let mut evening = Evening::new(secret)?;
    let ec2: Vec<&str> = evening.groups().map(|(pool, ..)| pool.name.as_str()).collect();
    let floors = ec2.iter().map(|pool| format!("MinSize\n{pool}"));
    let header = ["time", "minimum", "starting", "idle", "busy", "leaving", "live"].map(str::to_owned);
    let mut rows: Vec<Vec<String>> = vec![header.into_iter().chain(floors).collect()];

    let (mut wrong, mut before) = (Vec::new(), None);
    let end = START + LENGTH;
    let mut at = START + JOBS_AFTER;
    evening.world.run_until(at);
    let jobs = evening.queue_jobs();
    while at <= end {
        evening.world.run_until(at);
        let moment = evening.moment();
        wrong.extend(evening.wrong_at(&moment).into_iter().map(|it| format!("the evening, {at}: {it}")));
        if before.as_ref() != Some(&moment) {
            rows.push(moment.row(at));
        }
        before = Some(moment);
        at += SignedDuration::from_mins(1);
    }
    wrong.extend(evening.wrong_in_the_end(jobs).into_iter().map(|it| format!("the evening: {it}")));
    writeln!(
        out,
        "\nAn evening of examples/pools-office-hours.toml: working hours end at 19:00, and two runners of each\n\
         pool are busy until half past. A row for each minute in which something changed:\n\n{}\n",
        report::numbers(&rows)
    )?;
    Ok(wrong)
}

impl Evening {
    fn new(secret: &SecretString) -> Result<Self> {
        let pools = PoolMap::from_toml(PROFILE)?;
        let sandbox = Sandbox::new(0, START, Delays::default(), &pools);
        let world = Platform::world(sandbox, &pools, secret);
        Ok(Self { pools, world })
    }

    /// Queues the jobs of each pool at GitHub, and returns their number.
    fn queue_jobs(&mut self) -> usize {
        let names = self.pools.iter().map(|pool| pool.name.as_str());
        let asked: Vec<&str> = names.flat_map(|name| [name; JOBS_A_POOL]).collect();
        for (id, name) in (1..).zip(&asked) {
            let labels = ["self-hosted", name].into_iter().collect();
            let plan = JobPlan { repository: Repository::new("octo-org/example"), labels, work: WORK };
            self.world.queue_job(JobId(id), plan);
        }
        asked.len()
    }

    /// The pools on EC2, each with its Auto Scaling group and its number of runners per instance.
    fn groups(&self) -> impl Iterator<Item = (&Pool, String, u32)> {
        self.pools.iter().filter_map(|pool| {
            let group = sandbox::placement_of(pool).auto_scaling_group?;
            Some((pool, group, pool.runners_per_instance?.max(1)))
        })
    }

    fn moment(&self) -> PoolsAtMoment {
        let sandbox = self.world.sandbox();
        let now = sandbox.manual_clock().now();
        let mut states = BTreeMap::new();
        for runner in sandbox.table().borrow().runners() {
            *states.entry(runner.state).or_default() += 1;
        }
        states.remove(&RunnerState::Stopped);
        PoolsAtMoment {
            minimum: self.pools.iter().map(|pool| self.pools.hours(pool).minimum_at(now)).sum(),
            states,
            floors: self.groups().map(|(_, group, _)| self.min_size(&group)).collect(),
        }
    }

    fn min_size(&self, group: &str) -> u32 {
        self.world.sandbox().groups().borrow().get(group).map_or(0, |group| group.min_size)
    }

    /// A pool's live runners, and how many of them wait.
    fn living(&self, pool: &Pool) -> (u32, u32) {
        let table = self.world.sandbox().table().borrow();
        let mut living = (0, 0);
        for runner in table.runners().filter(|it| it.pool == pool.name && it.state != RunnerState::Stopped) {
            living.0 += 1;
            living.1 += u32::from(runner.state == RunnerState::Idle);
        }
        living
    }

    /// What must hold at every moment.
    fn wrong_at(&self, moment: &PoolsAtMoment) -> Vec<String> {
        let mut wrong = Vec::new();
        if moment.live() > MOST {
            wrong.push(format!("{} runners live", moment.live()));
        }
        for (pool, group, each) in self.groups() {
            let needed = self.living(pool).0.min(pool.working_hours_minimum).div_ceil(each);
            if self.min_size(&group) < needed {
                wrong.push(format!("the floor of {group} fell before its runners were gone"));
            }
        }
        wrong
    }

    /// What must hold at night.
    fn wrong_in_the_end(&self, jobs: usize) -> Vec<String> {
        let mut wrong = Vec::new();
        for pool in self.pools.iter() {
            let expected = pool.off_hours_minimum;
            let (live, idle) = self.living(pool);
            if (live, idle) != (expected, expected) {
                wrong.push(format!(
                    "{} has {live} live runners, {idle} of them idle, not {expected} idle ones and no other",
                    pool.name
                ));
            }
        }
        for (pool, group, each) in self.groups() {
            let (found, expected) = (self.min_size(&group), pool.off_hours_minimum.div_ceil(each));
            if found != expected {
                wrong.push(format!("MinSize of {group} is {found}, not {expected}"));
            }
        }
        let github = self.world.sandbox().github().borrow();
        let done = github.jobs().filter(|job| {
            let runner = job.runner.as_ref().and_then(|(_, name)| RunnerId::from_github_name(name));
            let whole = job.phase == Phase::Completed { conclusion: "success" };
            whole && runner.is_some_and(|runner| self.exit_code(&runner) == Some(JOB_DONE))
        });
        let done = done.count();
        if done != jobs {
            wrong.push(format!("{done} jobs of {jobs} were done by a runner that nobody touched"));
        }
        wrong
    }

    fn exit_code(&self, runner: &RunnerId) -> Option<i64> {
        let ecs = self.world.sandbox().ecs().borrow();
        ecs.tasks().find(|task| task.runner().as_ref() == Some(runner))?.stop.as_ref()?.exit_code
    }
}

impl PoolsAtMoment {
    fn live(&self) -> usize {
        self.states.values().sum()
    }

    fn row(&self, at: Timestamp) -> Vec<String> {
        use RunnerState::{Busy, Idle, Leaving, Starting};
        let time = at.strftime("%H:%M").to_string();
        let states = [Starting, Idle, Busy, Leaving].map(|state| self.states.get(&state).copied());
        let states = states.map(|count| count.unwrap_or(0).to_string());
        let mut row = vec![time, self.minimum.to_string()];
        row.extend(states);
        row.push(self.live().to_string());
        row.extend(self.floors.iter().map(u32::to_string));
        row
    }
}
