//! Text without what looks like a secret: somebody else's words may quote one.

/// What stands in the place of it.
const MASK: &str = "…";

/// Longest run of letters and digits that is no secret: an id of ECS has 32.
const LONGEST: usize = 32;

/// What tokens of GitHub and keys of AWS begin with (GitHub: "About authentication to GitHub", token formats; IAM:
/// "Understanding unique ID prefixes").
const BEGINNINGS: [&str; 8] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AKIA", "ASIA"];

/// The text, with a mark in the place of tokens, keys, tickets and encoded configurations, and of users and queries
/// in URLs.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for sign in text.chars() {
        if sign.is_whitespace() || matches!(sign, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | ',' | ';') {
            out.push_str(&of_word(&word));
            word.clear();
            out.push(sign);
        } else {
            word.push(sign);
        }
    }
    out.push_str(&of_word(&word));
    out
}

fn of_word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return of_parts(word) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    let path = match path.find(['?', '#']) {
        Some(at) => format!("{}{MASK}", of_parts(path.get(..=at).unwrap_or_default())),
        None => of_parts(path),
    };
    format!("{}://{authority}{path}", of_parts(scheme))
}

/// Masks the parts of a word that no punctuation divides.
fn of_parts(word: &str) -> String {
    let (mut out, mut part) = (String::with_capacity(word.len()), String::new());
    for sign in word.chars() {
        if sign.is_ascii_alphanumeric() || matches!(sign, '_' | '+') {
            part.push(sign);
        } else {
            out.push_str(of_part(&part));
            part.clear();
            out.push(sign);
        }
    }
    out.push_str(of_part(&part));
    out
}

fn of_part(part: &str) -> &str {
    let begins = BEGINNINGS.iter().any(|it| part.len() > it.len() + 8 && part.starts_with(it));
    if begins || part.len() > LONGEST { MASK } else { part }
}
