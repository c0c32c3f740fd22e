//! What was read about a job. Every form of the answer is made from it.

use fleet::status::{Picture, Waterfall, Why, waterfall, why};

/// A picture, and what follows from it.
#[derive(Debug)]
pub struct Diagnosis {
    /// What was read.
    pub picture: Picture,
    /// Why the job waits.
    pub why: Why,
    /// Where its time went, if it is known when it was queued.
    pub waterfall: Option<Waterfall>,
    /// The functions' log lines about the job, oldest first, as named fields; or why there are none.
    pub logs: Result<Vec<serde_json::Value>, String>,
}

impl Diagnosis {
    /// What follows from a picture.
    pub fn of(picture: Picture) -> Self {
        let (why, waterfall) = (why(&picture), waterfall(&picture));
        Self { picture, why, waterfall, logs: Err("the logs were not read".to_owned()) }
    }
}
