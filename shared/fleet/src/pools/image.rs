//! The reference of an image, as ECS takes it.

/// Longest reference, in characters (ECS: `ContainerDefinition`, "image").
const LENGTH_LIMIT: usize = 255;

const EXAMPLE: &str =
    "123456789012.dkr.ecr.us-east-1.amazonaws.com/ci/runner@sha256:… or registry.example/ci/runner:3";

/// What is wrong with the reference of a pool's image, if anything is.
pub(super) fn problem(reference: &str) -> Option<String> {
    if reference.chars().count() > LENGTH_LIMIT {
        return Some(format!("has more than {LENGTH_LIMIT} characters, which ECS does not take"));
    }
    let is_word = |text: &str, signs: &str| {
        !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || signs.contains(it))
    };
    let is_name = |name: &str| name.split('/').all(|part| is_word(part, ".-_:"));
    // A registry's name may have capitals, a repository's may not (OCI distribution specification).
    let repository = reference.split('@').next().unwrap_or(reference);
    let repository = repository
        .split_once('/')
        .filter(|(host, _)| host.contains(['.', ':']))
        .map_or(repository, |it| it.1);
    let repository = repository.rsplit_once(':').map_or(repository, |(name, _)| name);
    if is_name(reference) && repository.chars().any(|it| it.is_ascii_uppercase()) {
        return Some(format!("{reference:?} has capital letters in its repository, which no registry takes"));
    }
    if let Some((name, digest)) = reference.split_once('@') {
        let hash = digest.strip_prefix("sha256:").unwrap_or_default();
        let is_digest = hash.len() == 64 && hash.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        return (!is_digest || !is_name(name))
            .then(|| format!("{reference:?} is not an image by its digest, as {EXAMPLE}"));
    }
    // A registry's port stands before a slash, a tag after the last one.
    let (path, last) = reference.rsplit_once('/').unwrap_or(("", reference));
    let tagged = last.split_once(':');
    if tagged.is_none() && is_name(reference) {
        return Some(format!("{reference:?} has no tag and no digest: it would be another image one day"));
    }
    let is_image = tagged.is_some_and(|(name, tag)| is_word(name, ".-_") && is_word(tag, ".-_"))
        && (path.is_empty() || is_name(path));
    (!is_image).then(|| format!("{reference:?} is not an image, as {EXAMPLE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_tag_or_a_digest() {
        let digest = format!("registry.example:5000/ci/runner@sha256:{}", "0a".repeat(32));
        for image in ["runner:1", "registry.example:5000/ci/runner:v1.2-3", "GHCR.io/acme/runner:V1", &digest]
        {
            assert_eq!(problem(image), None, "{image}");
        }
        for (image, says) in [
            ("", "is not an image, as 1234"),
            ("runner", "has no tag and no digest"),
            ("registry.example:5000/ci/runner", "has no tag and no digest"),
            ("registry.example/ci runner:1", "is not an image, as 1234"),
            ("https://registry.example/runner:1", "is not an image, as 1234"),
            ("runner:1:2", "is not an image, as 1234"),
            ("runner@sha256:0a", "is not an image by its digest"),
            ("runner@sha1:0a", "is not an image by its digest"),
            ("'\"runner:1", "is not an image, as 1234"),
            ("ghcr.io/Acme/runner:1", "has capital letters in its repository"),
            ("Acme/runner:1", "has capital letters in its repository"),
        ] {
            let problem = problem(image).unwrap_or_default();
            assert!(problem.contains(says), "{image}: {problem}");
        }
        assert!(problem(&format!("{}:1", "a".repeat(254))).unwrap().contains("255 characters"));
    }
}
