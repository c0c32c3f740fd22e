//! What the page says of the switches is what the command prints.

use std::path::Path;

use cost::assumed::{self, Assumed};
use cost::deployed::MirrorTask;
use cost::prices::{self, PriceList};
use cost::{report, switches};

#[test]
fn the_page_has_the_table_of_what_each_switch_costs() {
    let list = PriceList::read(prices::FILE).unwrap();
    let assumed = Assumed::read(assumed::FILE).unwrap();
    let bills = switches::bills(&list, &assumed, &MirrorTask::read().unwrap());
    let without = switches::without_a_mirror(&list.switch_prices, &assumed);
    let printed = report::switches(&bills, without);
    let page = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CACHES.md"));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&printed),
        "`cargo run -p cost -- --switches` prints something else than docs/CACHES.md:\n{printed}"
    );
}
