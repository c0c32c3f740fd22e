#![allow(warnings, clippy::all, missing_docs)]
use fleet::ledger::{Item, Meter, RunnerState};
use sandbox::{EffectOf, Operation};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
fn main() -> anyhow::Result<()> {
    let n: u64 = std::env::args().nth(1).unwrap().parse()?;
    let data = scale::Data::read(None)?;
    let mut bench = scale::bench::Bench::new(&data, n as u32, scale::bench::GithubIs::AsPublished)?;
    let rows = Rc::new(RefCell::new(BTreeMap::<(i64, String), i64>::new()));
    let r = Rc::clone(&rows);
    bench.sandbox().observe(move |e| {
        let m = (e.at.as_second() - 1_791_190_800) / 60;
        let mut add = |k: String, n: i64| *r.borrow_mut().entry((m, k)).or_default() += n;
        match e.of {
            EffectOf::Spent(s, res) => {
                if let Meter::GithubCalls(_) = s.meter {
                    add(
                        format!("{:?} {}", e.by.unwrap(), if res.is_ok() { "spent" } else { "refused" }),
                        s.amount,
                    )
                }
            }
            EffectOf::Written(b, p, Ok(())) => {
                for (b, p) in b.iter().zip(p) {
                    if let Item::Runner(x) = &p.0 {
                        let was = b.as_ref().and_then(|b| b.runner()).map(|b| b.state);
                        if was != Some(x.state) {
                            add(format!("runner {:?}", x.state), 1);
                        }
                        if was.is_some()
                            && b.as_ref().unwrap().runner().unwrap().github_id.is_none()
                            && x.github_id.is_some()
                        {
                            add("registered".into(), 1)
                        }
                    }
                }
            }
            _ => {}
        }
    });
    bench.burst(n, &["fargate-x64"], Duration::from_mins(30));
    for _ in 0..(n / 100) {
        bench.pass(jiff::SignedDuration::from_secs(60));
    }
    let mut minutes: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for ((m, k), v) in rows.borrow().iter() {
        minutes.entry(*m).or_default().push(format!("{k}={v}"));
    }
    for (m, v) in minutes {
        println!("{m}: {}", v.join("  "));
    }
    let _ = (RunnerState::Idle, Operation::RunTask);
    Ok(())
}
