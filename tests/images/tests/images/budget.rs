//! `budget.toml`: what is known of the images' sizes before they are built.

use std::collections::BTreeMap;

use images::bake::{Bake, table};
use images::root;
use mayfly::images::measure::ImageBudgets;

fn budgets() -> ImageBudgets {
    ImageBudgets::read(&root().join("images/budget.toml")).unwrap()
}

#[test]
fn every_image_has_a_budget_and_what_is_known_of_it_fits() {
    let budgets = budgets();
    let bake = Bake::read(&BTreeMap::new()).unwrap();
    assert!(
        budgets.image.keys().eq({
            let mut names = bake.default.clone();
            names.sort();
            names
        }
        .iter())
    );
    for (name, budget) in &budgets.image {
        assert!(budget.parts.values().all(|part| !part.source.is_empty() && part.kb > 0), "{name}");
        let known: u64 = budget.parts.values().map(|part| part.kb).sum();
        let known = known + budget.actions_mb.unwrap_or(0) * 1000;
        let left = (budget.most_mb * 1000).checked_sub(known);
        assert!(left.is_some(), "{name}: {known} kB are known, and {} MB are all", budget.most_mb);
    }
}

/// What was promised: Fargate's image, and the archives in it.
#[test]
fn the_slim_image_is_slim() {
    let slim = &budgets().image["runner"];
    assert_eq!((slim.most_mb, slim.actions_mb), (250, Some(30)));
    let parts = |name: &str| slim.parts[name].kb;
    let sum = parts("distribution") + parts("packages") + parts("node") + parts("runner-init");
    assert_eq!(sum, budgets().image["runner-docker"].parts["slim-one"].kb, "it is built on the slim one");
}

#[test]
fn the_build_is_given_the_archives_budget() {
    let args = table(&Bake::read(&BTreeMap::new()).unwrap().targets["runner"], "args");
    assert_eq!(args["ACTIONS_MB"], budgets().image["runner"].actions_mb.unwrap().to_string());
}
