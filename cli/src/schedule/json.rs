//! The week for programs.

use platform::prices::Prices;
use serde_json::{Value, json};

use super::PoolsOfZone;
use super::cost::Cost;
use super::week::Week;

/// Times are UTC; a pool without a price costs `null`.
pub(super) fn json(
    map: &str,
    week: Week,
    parts: &[PoolsOfZone<'_>],
    costs: &[Cost<'_>],
    prices: &Prices,
) -> Value {
    let zones = parts.iter().flat_map(|part| part.pools.iter().map(|_| part.zone));
    let pools = parts.iter().flat_map(|part| &part.pools).zip(costs).zip(zones);
    let pools: Vec<Value> = pools
        .map(|(((pool, spans), cost), zone)| {
            let spans = spans.iter().map(|span| {
                let (minimum, maximum) = (span.value.minimum, span.value.maximum);
                json!({"from": span.from, "to": span.to, "minimum": minimum, "maximum": maximum})
            });
            json!({
                "pool": pool.name,
                "time_zone": zone.iana_name().unwrap_or("UTC"),
                "spans": spans.collect::<Vec<_>>(),
                "task_hours": cost.task_hours,
                "instance_hours": cost.instance_hours,
                "dollars_a_week": cost.dollars(),
            })
        })
        .collect();
    json!({
        "map": map,
        "week": week.to_string(),
        "prices": {"region": prices.region, "date": prices.date},
        "pools": pools,
    })
}
