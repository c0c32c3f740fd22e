//! Who may read a repository, as GitHub's payloads and lists say it.

use serde::Deserialize;

/// What GitHub says of a repository's visibility.
///
/// `private` stands in every payload and every list (GitHub's `OpenAPI` description: `repository-webhooks`,
/// `minimal-repository`, `full-repository`), and is true of an internal repository too. `visibility` is the newer word, and need
/// not be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Visibility {
    #[serde(default)]
    pub(crate) private: Option<bool>,
    #[serde(default)]
    pub(crate) visibility: Option<String>,
}

impl Visibility {
    /// Whether everybody may read it. What says nothing is taken for private, as nearly all that a runner is
    /// for: a runner group that is not for public repositories refuses their jobs whatever is thought here.
    pub(crate) fn is_public(&self) -> bool {
        match (self.private, self.visibility.as_deref()) {
            (Some(private), _) => !private,
            (None, visibility) => visibility == Some("public"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_repository_is_public_where_github_says_so() {
        for (said, is_public, why) in [
            (json!({"private": false, "visibility": "public"}), true, "as GitHub says it"),
            (json!({"private": true, "visibility": "private"}), false, "private"),
            (json!({"private": true, "visibility": "internal"}), false, "an enterprise's own"),
            (json!({"private": false}), true, "the older word alone"),
            (json!({"private": true}), false, "the same"),
            (json!({"visibility": "public"}), true, "the newer word alone"),
            (json!({"visibility": "internal"}), false, "the same"),
            (json!({"private": null, "visibility": null}), false, "nothing"),
            (json!({}), false, "nothing"),
        ] {
            let read: Visibility = serde_json::from_value(said).unwrap();
            assert_eq!(read.is_public(), is_public, "{why}");
        }
        let typed: Result<Visibility, _> = serde_json::from_value::<Visibility>(Value::from(7));
        assert!(typed.is_err(), "no object");
        assert!(serde_json::from_value::<Visibility>(json!({"private": "yes"})).is_err(), "no boolean");
    }
}
