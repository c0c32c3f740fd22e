//! What one delivery costs the webhook function: verify, parse and route a payload of 13 KB.
//!
//! `make bench`; the figures are in docs/PERFORMANCE.md.

fn main() {
    divan::main();
}
