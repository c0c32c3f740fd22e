//! GitHub's POST of a burst's deliveries.

use fleet::DeliveryId;

use sandbox::delivery::Delivery;
use secrecy::SecretString;

/// Posts deliveries to one URL.
pub(crate) struct DeliveryPoster {
    poster: wire::Poster,
    secret: SecretString,
}

impl DeliveryPoster {
    pub(crate) fn new(url: &str, secret: SecretString) -> Self {
        Self { poster: wire::Poster::new(url), secret }
    }

    /// Posts one, signed; 0 where there is no answer.
    pub(crate) async fn post(&self, id: String, body: String) -> u16 {
        let delivery = Delivery { id: DeliveryId::new(id), event: "workflow_job".to_owned(), body };
        let (headers, poster) = (delivery.headers(&self.secret), self.poster.clone());
        let answered = tokio::task::spawn_blocking(move || poster.post(headers, &delivery.body));
        answered.await.ok().and_then(Result::ok).map_or(0, |(status, _)| status)
    }
}
