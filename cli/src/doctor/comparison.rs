//! Compares an account's quotas with what its pools need.

use std::collections::BTreeMap;

use fleet::launch::LAUNCHERS;

use super::needs::Need;
use super::quotas::{LAMBDA, Quota};

/// Functions that must be able to run at once: the launchers, the scheduler, one webhook and one registrar.
pub const FUNCTIONS: u64 = LAUNCHERS as u64 + 3;

/// What Lambda always leaves unreserved (Lambda developer guide, "Configuring reserved concurrency").
pub const UNRESERVED: u32 = 100;

/// The account's quotas, each with its value or the reason why it is unknown.
pub type Values = BTreeMap<Quota, Result<f64, String>>;

/// What a pool can start if it has its quota to itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// All of its runners.
    All,
    /// This many of them.
    Some(u32),
    /// None: the quota is below one instance, or one task.
    None,
    /// Its quota is unknown, for this reason.
    Unknown(String),
}

/// A pool, and what it can start.
#[derive(Debug, Clone, PartialEq)]
pub struct OfPool<'a> {
    /// What it needs.
    pub need: Need<'a>,
    /// The value of its quota, if known.
    pub value: Option<f64>,
    /// What it can start.
    pub start: Start,
}

/// A quota, and everything that draws on it.
#[derive(Debug, Clone, PartialEq)]
pub struct OfQuota {
    /// The quota.
    pub quota: Quota,
    /// Its value, or why that is unknown.
    pub value: Result<f64, String>,
    /// How much of it is needed in total: vCPUs, or functions.
    pub needed: u64,
    /// The pools that share it; none for the functions' quota.
    pub pools: Vec<String>,
}

impl OfQuota {
    /// Whether it is below what is needed.
    pub fn is_small(&self) -> bool {
        self.value.as_ref().is_ok_and(|value| *value < whole(self.needed))
    }
}

/// The result of the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings<'a> {
    /// Each pool in service.
    pub pools: Vec<OfPool<'a>>,
    /// Each quota; the functions' comes last.
    pub quotas: Vec<OfQuota>,
}

impl Findings<'_> {
    /// 0 if all is fine. 2 if a pool that keeps runners waiting cannot start one, which ends the deploy. 1 if
    /// a quota is too small or unknown.
    pub fn exit_code(&self) -> u8 {
        let is_blocked = |pool: &OfPool<'_>| pool.need.keeps_runners && pool.start == Start::None;
        let is_fine = self.pools.iter().all(|pool| pool.start == Start::All)
            && self.quotas.iter().all(|it| it.value.is_ok() && !it.is_small());
        if self.pools.iter().any(is_blocked) { 2 } else { u8::from(!is_fine) }
    }
}

/// The quotas to look up for these needs, each once.
pub fn in_question(needs: &[Need<'_>]) -> Vec<Quota> {
    let mut quotas: Vec<Quota> = needs.iter().filter_map(|need| need.quota).collect();
    quotas.sort();
    quotas.dedup();
    quotas.push(LAMBDA);
    quotas
}

/// Compares. A quota without a value counts as unknown.
pub fn compare<'a>(needs: Vec<Need<'a>>, values: &Values) -> Findings<'a> {
    let value =
        |quota: Quota| values.get(&quota).cloned().unwrap_or_else(|| Err("it was not asked for".to_owned()));
    let quotas = in_question(&needs).into_iter().map(|quota| {
        let sharing = || needs.iter().filter(|need| need.quota == Some(quota));
        let needed = sharing().map(Need::whole).sum::<u64>().div_ceil(1024);
        let needed = if quota == LAMBDA { FUNCTIONS } else { needed };
        let pools = sharing().map(|need| need.pool.name.to_string()).collect();
        OfQuota { quota, value: value(quota), needed, pools }
    });
    let quotas = quotas.collect();
    let pools = needs.into_iter().map(|need| {
        let value = match need.quota {
            Some(quota) => value(quota),
            None => Err(format!("AWS names no quota for {}", need.pool.instance_types.join(", "))),
        };
        let start = value.as_ref().map_or_else(|why| Start::Unknown(why.clone()), |it| start(&need, *it));
        OfPool { need, value: value.ok(), start }
    });
    Findings { pools: pools.collect(), quotas }
}

fn start(need: &Need<'_>, value: f64) -> Start {
    let fits = |units: u32| whole(need.each * u64::from(units)) <= value * 1024.0;
    if fits(need.most) {
        return Start::All;
    }
    let most = (0..need.most).rev().find(|units| fits(*units)).unwrap_or(0);
    if most == 0 { Start::None } else { Start::Some((most * need.runners).min(need.pool.maximum)) }
}

#[expect(clippy::cast_precision_loss, reason = "quotas are far below 2^52")]
fn whole(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
