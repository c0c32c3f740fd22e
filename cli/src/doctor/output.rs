//! The result, as lines for a person and as JSON for a script.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::comparison::{Findings, OfPool, OfQuota, Start, UNRESERVED};
use super::needs::CpuSource;
use super::quotas::LAMBDA;

impl Findings<'_> {
    /// A line for each pool that cannot start all of its runners, and for each quota that is too small or
    /// unknown, with the command that asks for more; a single line if all is fine.
    pub fn text(&self, region: Option<&str>) -> String {
        let mut text = String::new();
        for pool in &self.pools {
            let _ = writeln!(text, "{}: {}", pool.need.pool.name, of_pool(pool));
        }
        for quota in &self.quotas {
            if let Some(line) = of_quota(quota) {
                let _ = writeln!(text, "{line}");
            }
            if quota.is_small() {
                let _ = writeln!(text, "  {}", command(quota, region));
            }
        }
        text
    }

    /// The same as JSON.
    pub fn json(&self, region: Option<&str>) -> Value {
        let pools = self.pools.iter().map(|pool| {
            let need = &pool.need;
            let (can_start, why) = match &pool.start {
                Start::All => (Some(need.pool.maximum), None),
                Start::Some(runners) => (Some(*runners), None),
                Start::None => (Some(0), None),
                Start::Unknown(why) => (None, Some(why)),
            };
            json!({
                "pool": need.pool.name,
                "quota": need.quota.map(|quota| quota.code),
                "can_start": can_start,
                "maximum": need.pool.maximum,
                "keeps_runners": need.keeps_runners,
                "why": why,
                "told": of_pool(pool),
            })
        });
        let quotas = self.quotas.iter().map(|it| {
            json!({
                "service": it.quota.service,
                "code": it.quota.code,
                "name": it.quota.name,
                "value": it.value.as_ref().ok(),
                "needed": it.needed,
                "pools": it.pools,
                "why": it.value.as_ref().err(),
                "command": it.is_small().then(|| command(it, region)),
            })
        });
        json!({
            "exit_code": self.exit_code(),
            "region": region,
            "pools": pools.collect::<Vec<_>>(),
            "quotas": quotas.collect::<Vec<_>>(),
        })
    }
}

fn of_pool(pool: &OfPool<'_>) -> String {
    let need = &pool.need;
    let maximum = need.pool.maximum;
    let quota = || {
        let value = pool.value.unwrap_or_default();
        need.quota.map_or_else(String::new, |quota| format!("{} ({}) is {value}", quota.name, quota.code))
    };
    let one = match need.known {
        CpuSource::Task => "a task".to_owned(),
        CpuSource::Type | CpuSource::Runners => {
            format!("an instance of {}", need.pool.instance_types.join(", "))
        }
    };
    let each = vcpus(need.each);
    let each = match need.known {
        CpuSource::Task | CpuSource::Type => format!("{one} needs {each}"),
        CpuSource::Runners => format!("{one} needs at least {each}, by its runners"),
    };
    match &pool.start {
        Start::All => format!("can start all of its {maximum} runners, if the quota is its own"),
        Start::Some(runners) => {
            let whole = vcpus(need.whole());
            format!("can start {runners} of its {maximum} runners: {}, all of them need {whole}", quota())
        }
        Start::None => format!("cannot start: {}, and {each}", quota()),
        Start::Unknown(why) => format!("not known: {why}"),
    }
}

/// vCPUs from CPU units; quarters are possible.
fn vcpus(cpu_units: u64) -> String {
    let (whole, rest) = (cpu_units / 1024, cpu_units % 1024);
    if rest == 0 { format!("{whole} vCPUs") } else { format!("{whole}.{:02} vCPUs", rest * 100 / 1024) }
}

fn of_quota(it: &OfQuota) -> Option<String> {
    let quota = it.quota;
    let (name, code, needed) = (quota.name, quota.code, it.needed);
    match &it.value {
        Err(why) => Some(format!("{} {name} ({code}) is not known: {why}", quota.service)),
        Ok(value) if quota == LAMBDA && it.is_small() => Some(format!(
            "lambda {name} ({code}) is {value}: the functions need {needed} at once, or they wait for each other"
        )),
        Ok(value) if quota == LAMBDA && *value < f64::from(UNRESERVED) => Some(format!(
            "lambda {name} ({code}) is {value}: leave ReservedConcurrency at 0, because AWS keeps {UNRESERVED} unreserved"
        )),
        Ok(value) if it.is_small() => {
            Some(format!("{name} ({code}) is {value}: {} need {needed} vCPUs in all", it.pools.join(", ")))
        }
        Ok(_) => None,
    }
}

fn command(it: &OfQuota, region: Option<&str>) -> String {
    let (service, code) = (it.quota.service, it.quota.code);
    let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
    format!(
        "aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} \
         --desired-value {}{region}",
        it.needed
    )
}
