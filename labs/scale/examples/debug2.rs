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
    let mut bench = scale::bench::Bench::new(&data, 1, scale::bench::GithubIs::Unlimited)?;
    let rows = Rc::new(RefCell::new(BTreeMap::<(i64, String), i64>::new()));
    let r = Rc::clone(&rows);
    bench.sandbox().observe(move |e| {
        let m = (e.at.as_second() - 1_791_190_800);
        let mut add = |k: String, n: i64| *r.borrow_mut().entry((m, k)).or_default() += n;
        match e.of {
            EffectOf::Spent(s, res) => {
                if let Meter::RunTasks = s.meter {
                    add(
                        format!(
                            "runtask {}",
                            if s.amount < 0 {
                                "back"
                            } else if res.is_ok() {
                                "ok"
                            } else {
                                "no"
                            }
                        ),
                        s.amount / 52631,
                    )
                }
            }
            EffectOf::Written(b, p, Ok(())) => {
                for (b, p) in b.iter().zip(p) {
                    if let Item::Runner(x) = &p.0 {
                        let was = b.as_ref().and_then(|b| b.runner()).map(|b| b.state);
                        if was != Some(x.state) {
                            add(format!("{:?}", x.state), 1);
                        }
                    }
                }
            }
            EffectOf::Written(b, p, Err(_)) => add(format!("conflict {:?}", e.by.unwrap()), 1),
            EffectOf::Sent(x) if x.contains("settle") => add("settle".into(), 1),
            _ => {}
        }
    });
    bench.burst(n, &["fargate-x64"], Duration::from_mins(30));
    bench.pass(jiff::SignedDuration::from_secs(180));
    bench.set_maximum(5000)?;
    println!("raised {}", bench.now().as_second() - 1_791_190_800);
    bench.pass(jiff::SignedDuration::from_secs(200));
    let mut minutes: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for ((m, k), v) in rows.borrow().iter() {
        if *m > 185 {
            minutes.entry(*m).or_default().push(format!("{k}={v}"));
        }
    }
    for (m, v) in minutes {
        println!("{m}: {}", v.join("  "));
    }
    Ok(())
}
