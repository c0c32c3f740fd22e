//! Weeks of office hours, while ticks are missed, doubled and cut short.

use simulation::week;

fn holds(seed: u64) {
    let outcome = week::run(seed).unwrap();
    let violations = outcome.violations;
    assert!(violations.is_empty(), "make soak SEEDS=0 WEEKS=1 FIRST={seed} shows it: {violations:#?}");
    assert!(outcome.struck > 0, "some tick went wrong");
}

#[test]
fn one_week_holds() {
    holds(1);
}

#[test]
fn another_week_holds() {
    holds(2);
}
