//! The budget of custom metrics, by what the functions emit in a day.

use cost::assumed::{self, Assumed};
use cost::deployed::DeployedStack;
use cost::observed::{POOLS, Watching};
use cost::prices::{self, PriceList};

#[test]
fn metrics_cost_no_more_than_is_held_with_any_number_of_pools() {
    let list = PriceList::read(prices::FILE).unwrap();
    let assumed = Assumed::read(assumed::FILE).unwrap();
    let deployed = DeployedStack::read().unwrap();
    let days = POOLS.map(|pools| Watching::of(&assumed, &deployed, pools).unwrap());
    for day in &days {
        let (dollars, budget) = (day.metrics_dollars(&list.prices), list.budgets.metrics_month);
        assert!(dollars <= budget, "{} pools: ${dollars:.2} of ${budget:.2}", day.pools);
        assert_eq!(day.published, days[0].published, "{} pools have as many metrics as seven", day.pools);
        assert!(day.published > 1, "an hour in which a job waits has a metric");
    }
    let split = days.each_ref().map(|day| day.split);
    assert!(split.is_sorted() && split[0] < split[2], "split by pools they would grow: {split:?}");
}
