//! Why a group does not grow: our client against an answer in Auto Scaling's own shape. moto's groups never
//! fail to grow.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use aws::scaling::Groups;
use contracts::canned;
use contracts::emulators::config;
use fleet::ports::DescribeScalingActivities as _;

/// An answer, with a comment of where its messages are from.
const ANSWER: &str = include_str!("../../../autoscaling/activities.xml");

/// A group that cannot grow, by its newest activity that failed.
const BEYOND_ITS_QUOTA: &str = "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity than your \
     current vCPU limit of 5 allows for the instance bucket that the specified instance type belongs to. Please \
     visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 \
     instance failed.";

#[tokio::test]
async fn the_newest_activity_that_failed_lately_tells_why() {
    for (since, expected, why) in [
        ("2026-03-23T11:30:00Z", Some(BEYOND_ITS_QUOTA), "not the one that is under way, nor an older one"),
        ("2026-03-23T12:04:10.123Z", Some(BEYOND_ITS_QUOTA), "it began just then"),
        ("2026-03-23T12:04:11Z", None, "what failed is too long ago"),
    ] {
        let groups = Groups::new(&config(canned::serve(200, "text/xml", ANSWER.to_owned())));
        let found = groups.describe_scaling_activities("mayfly_small", since.parse().unwrap()).await;
        assert_eq!(found.unwrap().as_deref(), expected, "{why}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_services_words() {
    let denied = "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><Error><Type>Sender\
                  </Type><Code>AccessDenied</Code><Message>not authorized to perform: \
                  autoscaling:DescribeScalingActivities</Message></Error></ErrorResponse>";
    let groups = Groups::new(&config(canned::serve(403, "text/xml", denied.to_owned())));
    let error =
        groups.describe_scaling_activities("mayfly_small", "2026-03-23T11:30:00Z".parse().unwrap()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "AccessDenied: not authorized to perform: autoscaling:DescribeScalingActivities"
    );
}

/// The answer is of the shape that AWS publishes: botocore reads the same of it.
#[test]
fn the_answer_is_of_the_services_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("../../.venv/bin/python");
    assert!(python.exists(), "botocore is not installed: `make test` does it");
    let mut script = Command::new(python)
        .arg(folder.join("botocore/parse_activities.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(ANSWER.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 5, "{said}");
    assert_eq!(lines[1], format!("Failed {BEYOND_ITS_QUOTA}"));
}
