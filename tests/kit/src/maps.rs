//! Pool maps for tests.

use fleet::pools::DEFAULT_POOLS;

/// The default pools, with room for whatever a test asks for.
pub fn roomy() -> String {
    let roomy = |line: &'static str| if line.starts_with("maximum = ") { "maximum = 2000" } else { line };
    DEFAULT_POOLS.lines().map(roomy).collect::<Vec<_>>().join("\n")
}
