//! What was seen of a job, from which every form of the answer is made.

use fleet::status::{Picture, Waterfall, Why, waterfall, why};

/// A picture, with what follows from it.
#[derive(Debug)]
pub struct Diagnosis {
    /// What was read.
    pub picture: Picture,
    /// Why the job waits.
    pub why: Why,
    /// Where its time went, as far as anybody knows when it was queued.
    pub waterfall: Option<Waterfall>,
    /// The functions' log lines of the job, by named fields, the oldest first; or why there are none.
    pub logs: Result<Vec<serde_json::Value>, String>,
}

impl Diagnosis {
    /// What follows from a picture.
    pub fn of(picture: Picture) -> Self {
        let (why, waterfall) = (why(&picture), waterfall(&picture));
        Self { picture, why, waterfall, logs: Err("the logs were not read".to_owned()) }
    }
}
