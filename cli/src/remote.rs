//! Posts deliveries to a deployed Function URL, as GitHub would.

use anyhow::{Context, Result};
use secrecy::SecretString;
use wire::Poster;

use crate::delivered::Delivered;
use crate::delivery_file::DeliveryFile;

/// Posts one delivery after the other.
pub fn post(url: &str, sources: &[DeliveryFile], secret: &SecretString) -> Result<Vec<Delivered>> {
    let poster = Poster::new(url);
    let post_one = |source: &DeliveryFile| {
        let answered = poster.post(source.headers(secret), source.body());
        let (status, body) = answered.with_context(|| source.name.clone())?;
        Ok(Delivered::answered(source, status.into(), &body))
    };
    sources.iter().map(post_one).collect()
}
