//! What a runner's hour costs, and a minute of GitHub's own: a data file that has the date and the region of its prices.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use fleet::cost::NanoDollars;
use fleet::pools::{Architecture, CapacityProvider, Pool, toml_as_json};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

/// The prices that Mayfly ships.
pub const SHIPPED: &str = include_str!("../prices.toml");

/// MiB of a GB, as Fargate counts it.
const MIB_PER_GB: f64 = 1024.0;

/// ECS's CPU units in a vCPU.
const UNITS_PER_VCPU: f64 = 1024.0;

/// What GitHub asks for a minute of a job on a self-hosted runner, in US dollars. It has announced $0.002 for 2026, and
/// postponed it (GitHub, "Pricing changes for GitHub Actions", December 2025).
pub const SELF_HOSTED_MINUTE: f64 = 0.0;

/// Prices in US dollars.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prices {
    /// The date of the look-up.
    pub date: Date,
    /// The AWS region that they are for.
    pub region: String,
    #[serde(default)]
    fargate: TaskPrices,
    #[serde(default)]
    fargate_spot: TaskPrices,
    #[serde(default)]
    ec2: BTreeMap<String, Dollars>,
    #[serde(default)]
    ec2_spot: BTreeMap<String, Dollars>,
    #[serde(default)]
    github: HostedPrices,
}

/// GitHub's prices of a minute, by the vCPUs of the runner.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostedPrices {
    #[serde(default)]
    x86_64: BTreeMap<u32, Dollars>,
    #[serde(default)]
    arm64: BTreeMap<u32, Dollars>,
}

/// What tasks on Fargate cost, by their architecture.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskPrices {
    x86_64: Option<TaskPrice>,
    arm64: Option<TaskPrice>,
}

/// What a task on Fargate costs for each hour.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskPrice {
    vcpu_hour: Dollars,
    gb_hour: Dollars,
}

/// An amount of US dollars over 0.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
struct Dollars(f64);

impl TryFrom<f64> for Dollars {
    type Error = String;

    fn try_from(amount: f64) -> Result<Self, String> {
        if amount.is_finite() && amount > 0.0 {
            return Ok(Self(amount));
        }
        Err(format!("{amount} is no price; it takes dollars over 0, and what has none is left out"))
    }
}

/// The price of one hour of what a pool pays for.
#[derive(Debug, Clone, PartialEq)]
pub enum Hourly {
    /// Of one task on Fargate, in US dollars.
    Task(f64),
    /// Of one EC2 instance of this type, in US dollars.
    Instance(String, f64),
    /// The prices lack this entry.
    Unknown(String),
}

impl Prices {
    /// The prices that Mayfly ships.
    pub fn shipped() -> Result<Self> {
        let file = toml_as_json(SHIPPED).context("prices.toml")?;
        serde_json::from_value(Value::Object(file)).context("prices.toml")
    }

    /// What an hour of one of the pool's tasks costs: on EC2 the instance's price by the tasks that it holds. `None`
    /// where the prices lack it.
    pub fn task_hour(&self, pool: &Pool) -> Option<NanoDollars> {
        let dollars = match self.hourly(pool) {
            Hourly::Task(price) => price,
            Hourly::Instance(_, price) => {
                price / f64::from(pool.runners_per_instance.filter(|&each| each > 0)?)
            }
            Hourly::Unknown(_) => return None,
        };
        NanoDollars::from_dollars(dollars)
    }

    /// GitHub's price of a minute of its nearest hosted runner on Linux: of those of this architecture with as many
    /// vCPUs or more, the smallest, or else the largest. With its vCPUs.
    pub fn hosted_minute(&self, pool: &Pool) -> Option<(u32, f64)> {
        let sizes = match pool.architecture {
            Architecture::X86_64 => &self.github.x86_64,
            Architecture::Arm64 => &self.github.arm64,
        };
        let vcpus = pool.cpu_units.div_ceil(1024);
        let nearest = sizes.range(vcpus..).next().or_else(|| sizes.last_key_value());
        nearest.map(|(vcpus, price)| (*vcpus, price.0))
    }

    /// What an hour of the pool's task costs, or of an instance that carries its tasks: on EC2 that of the
    /// cheapest type, which the Auto Scaling group prefers.
    pub fn hourly(&self, pool: &Pool) -> Hourly {
        match pool.capacity {
            CapacityProvider::Fargate => task(&self.fargate, pool),
            CapacityProvider::FargateSpot => task(&self.fargate_spot, pool),
            CapacityProvider::Ec2 => instance(&self.ec2, pool),
            CapacityProvider::Ec2Spot => instance(&self.ec2_spot, pool),
        }
    }
}

fn task(prices: &TaskPrices, pool: &Pool) -> Hourly {
    let price = match pool.architecture {
        Architecture::X86_64 => prices.x86_64,
        Architecture::Arm64 => prices.arm64,
    };
    let Some(price) = price else {
        return Hourly::Unknown(format!("{}.{}", pool.capacity, pool.architecture));
    };
    let vcpu = f64::from(pool.cpu_units) / UNITS_PER_VCPU;
    let gb = f64::from(pool.memory_mib) / MIB_PER_GB;
    Hourly::Task(vcpu * price.vcpu_hour.0 + gb * price.gb_hour.0)
}

/// All types must have a price: the missing one could be the cheapest.
fn instance(prices: &BTreeMap<String, Dollars>, pool: &Pool) -> Hourly {
    let mut cheapest: Option<(&str, f64)> = None;
    for of in &pool.instance_types {
        let Some(price) = prices.get(of) else {
            return Hourly::Unknown(format!("{}.\"{of}\"", pool.capacity));
        };
        if cheapest.is_none_or(|(_, least)| price.0 < least) {
            cheapest = Some((of, price.0));
        }
    }
    match cheapest {
        Some((of, price)) => Hourly::Instance(of.to_owned(), price),
        None => Hourly::Unknown(pool.capacity.to_string()),
    }
}
