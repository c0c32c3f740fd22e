//! `mayfly wrap` never takes away a file that it did not make.

use std::fs;

use crate::{mayfly, root, stderr};

const SAMPLE: &str = "events/github/queued-ec2-x64.json";

#[test]
fn what_was_wrapped_before_is_wrapped_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for _ in 0..2 {
        assert!(mayfly(&["wrap", SAMPLE, "--out", out]).status.success());
    }
    let kept = fs::read(root().join("events/lambda/queued-ec2-x64.json")).unwrap();
    assert_eq!(fs::read(folder.path().join("queued-ec2-x64.json")).unwrap(), kept);
}

#[test]
fn a_payload_in_the_same_folder_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let payload = fs::read(root().join(SAMPLE)).unwrap();
    let event_of_somebody =
        br#"{"requestContext":{"apiId":"abc"},"headers":{"X-GitHub-Event":"ping"},"body":"{}"}"#;
    for kept in [payload.as_slice(), b"{", b"not JSON at all", event_of_somebody] {
        let other = folder.path().join("first.json");
        let file = folder.path().join("queued-ec2-x64.json");
        fs::write(&file, kept).unwrap();
        fs::write(&other, &payload).unwrap();
        let inputs = [other.to_str().unwrap(), SAMPLE];
        let out = folder.path().join(".");
        let output = mayfly(&["wrap", inputs[0], inputs[1], "--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let error = stderr(&output);
        assert!(
            error.contains("first.json is there, and this command did not make it")
                || error.contains("queued-ec2-x64.json is there")
        );
        assert_eq!(fs::read(&file).unwrap(), kept, "nothing is written");
        assert_eq!(fs::read(&other).unwrap(), payload, "nothing is written");
    }
}

#[test]
fn an_event_of_somebody_else_is_not_written_anew_where_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("captured.json");
    let captured = r#"{"requestContext":{"apiId":"abc"},"headers":{"X-GitHub-Event":"ping"},"body":"{}"}"#;
    fs::write(&file, captured).unwrap();
    mayfly(&["wrap", file.to_str().unwrap(), "--out", folder.path().to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&file).unwrap(), captured);
}

#[test]
fn two_inputs_of_one_name_are_refused_before_anything_is_written() {
    let [a, b, out] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let first = a.path().join("one.json");
    let inputs = [first.clone(), a.path().join("same.json"), b.path().join("same.json")];
    for input in &inputs {
        fs::copy(root().join(SAMPLE), input).unwrap();
    }
    let mut args = vec!["wrap"];
    args.extend(inputs.iter().map(|input| input.to_str().unwrap()));
    args.extend(["--out", out.path().to_str().unwrap()]);
    let output = mayfly(&args);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("would both be written to"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}
