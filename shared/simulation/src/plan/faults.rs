//! How likely each fault is in a world.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::{Fault, Rates};

/// The numbers that are drawn for a fault. They are its own: a world stays as it is when another fault is
/// thought of.
pub(super) fn of_fault(seed: u64, fault: Fault) -> StdRng {
    // FNV-1a.
    let name = fault.to_string();
    let mixed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |mixed: u64, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    StdRng::seed_from_u64(seed ^ mixed)
}

/// Each fault is absent, rare or frequent; idle runners may all be removed by GitHub. Those of a whole
/// world are there in a few.
pub(super) fn rates(seed: u64) -> Rates {
    let mut rates = Rates::new();
    for fault in Fault::all() {
        let mut random = of_fault(seed, fault);
        let rate = if Fault::OF_A_WORLD.contains(&fault) {
            f64::from(u8::from(random.random_ratio(1, 10)))
        } else {
            let highest = if fault == Fault::RunnerReaped { 1.0 } else { 0.2 };
            *[0.0, 0.0, 0.01, 0.03, 0.1, highest].choose(&mut random).unwrap_or(&0.0)
        };
        if rate > 0.0 {
            rates.insert(fault, rate);
        }
    }
    rates
}
