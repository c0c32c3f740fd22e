//! Stories across the functions. Each plays on a [`Scene`]; its log is kept and searched for secrets.

pub mod asking;

use platform::scene::{Scene, WEBHOOK_SECRET};
use sandbox::TICKET_KEY;

/// A scene with the seven default pools.
pub fn scene() -> Scene {
    logs::capture(&[WEBHOOK_SECRET, TICKET_KEY]);
    Scene::new()
}

/// A scene with the pools of a map.
pub fn scene_of(pools: &str) -> Scene {
    logs::capture(&[WEBHOOK_SECRET, TICKET_KEY]);
    Scene::of(pools)
}
