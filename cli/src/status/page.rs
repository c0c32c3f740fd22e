//! The answer as an HTML page, for people without access: it loads nothing, runs no script, and is readable
//! in light and dark mode.

use std::fmt::Write as _;

use fleet::status::{Waterfall, clock, masked};

use super::diagnosis::Diagnosis;
use super::text::{name, seconds};

/// Nothing may be loaded or run, whatever the page contains.
const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --faint: light-dark(#5b6570, #9aa4af);
  --paper: light-dark(#ffffff, #14171a); --bar: light-dark(#2f6fdb, #6ea3f7); --line: light-dark(#d9dee3, #2c3238); }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.35rem; line-height: 1.35; }
.next, footer { color: var(--faint); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.time { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.bar { width: 40%; }
td.bar span { display: block; height: .8rem; margin-top: .35rem; background: var(--bar); min-width: 1px; }
li { overflow-wrap: anywhere; }
</style>
"#;

/// The page.
pub fn page(seen: &Diagnosis) -> String {
    let job = seen.picture.id;
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "<title>Job {job}: why it waits</title>\n</head>\n<body>\n<main>");
    let _ = writeln!(page, "<p>Job {job}</p>\n<h1>{}</h1>", shown(&seen.why.sentence()));
    let _ = writeln!(page, "<p class=\"next\">Next: {}</p>", shown(&seen.why.next()));
    if let Some(waterfall) = &seen.waterfall {
        page += &of_waterfall(waterfall);
    }
    page += "<h2>What was seen</h2>\n<ul>\n";
    for line in &seen.why.evidence {
        let _ = writeln!(page, "<li>{}</li>", shown(line));
    }
    let now = seen.why.now;
    let _ = writeln!(
        page,
        "</ul>\n</main>\n<footer><p>Seen {now}. Times are UTC.</p></footer>\n</body>\n</html>"
    );
    page
}

fn of_waterfall(waterfall: &Waterfall) -> String {
    let mut part =
        "<h2>Where the time went</h2>\n<table>\n<thead><tr><th>stage</th><th>ended</th><th>time</th>\
                    <th>by</th><th></th></tr></thead>\n<tbody>\n"
            .to_owned();
    let whole = waterfall.milliseconds.max(1);
    for stage in &waterfall.stages {
        let before = stage.from.as_millisecond() - waterfall.queued_at.as_millisecond();
        let share = |milliseconds: i64| milliseconds.saturating_mul(100) / whole;
        let _ = writeln!(
            part,
            "<tr><td>{}</td><td>{}</td><td class=\"time\">{}</td><td>{}</td><td class=\"bar\"><span \
             style=\"margin-left:{}%;width:{}%\"></span></td></tr>",
            shown(&name(stage)),
            clock(stage.to, waterfall.until),
            seconds(stage.milliseconds),
            stage.by,
            share(before),
            share(stage.milliseconds),
        );
    }
    let _ = writeln!(
        part,
        "</tbody>\n<tfoot><tr><th>all</th><td></td><td class=\"time\">{}</td><td></td><td></td></tr></tfoot>\n</table>",
        seconds(waterfall.milliseconds)
    );
    if !waterfall.notes.is_empty() {
        part.push_str("<ul>\n");
        for note in &waterfall.notes {
            let _ = writeln!(part, "<li>{}</li>", shown(note));
        }
        part.push_str("</ul>\n");
    }
    part
}

/// A text, masked and escaped for HTML.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in masked(text).chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
