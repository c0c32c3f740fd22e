//! Which pool serves which labels, and what is said where none does.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::*;
use crate::pools::DEFAULT_POOLS;

fn pools() -> PoolMap {
    PoolMap::from_toml(DEFAULT_POOLS).unwrap()
}

#[test]
fn the_lowest_priority_number_wins() {
    let pools = pools();
    for (runs_on, pool) in [
        (&["self-hosted"][..], "fargate-x64"),
        (&["linux", "X64"], "fargate-x64"),
        (&["fargate", "spot"], "fargate-x64-spot"),
        (&["self-hosted", "linux", "ARM64"], "fargate-arm64"),
        (&["aarch64", "docker"], "ec2-arm64"),
        (&["docker"], "ec2-x64"),
        (&["docker", "spot"], "ec2-x64-spot"),
        (&["arm64", "spot"], "ec2-arm64-spot"),
        (&["self-hosted", "ec2-arm64"], "ec2-arm64"),
        (&["amd64", "ec2", "on-demand"], "ec2-x64"),
    ] {
        let asked: Labels = runs_on.iter().collect();
        assert_eq!(route(&pools, &asked, false).unwrap().name.as_str(), pool, "{asked}");
    }
}

#[test]
fn whom_no_pool_serves_is_told_why() {
    let pools = pools();
    for (runs_on, says) in [
        (&["gpu", "linux", "docker"][..], r#"no pool serves "docker", "gpu", "linux"; ec2-x64 lacks "gpu""#),
        (&["x64", "arm64"], r#"no pool serves "arm64", "x64"; fargate-x64 lacks "arm64""#),
        (
            &["self-hosted", "ubuntu-latest"],
            r#"no pool serves "self-hosted", "ubuntu-latest"; fargate-x64 lacks "ubuntu-latest""#,
        ),
        (&["ubuntu-latest"], r#""ubuntu-latest" is a GitHub-hosted runner"#),
        (&["macos-15-xlarge"], r#""macos-15-xlarge" is a GitHub-hosted runner"#),
        (&[], "the job has no labels, which every pool would serve; name a label beside the group"),
        (
            &["self-hosted, linux, x64"],
            "no pool serves \"self-hosted, linux, x64\"; fargate-x64 lacks \"self-hosted, linux, x64\"; \
             that is one label with commas: write labels as a YAML list",
        ),
        (
            &[r#"["self-hosted","x64"]"#],
            "no pool serves \"[\\\"self-hosted\\\",\\\"x64\\\"]\"; fargate-x64 lacks \
             \"[\\\"self-hosted\\\",\\\"x64\\\"]\"; that is a list as text: make labels of it with fromJSON",
        ),
        (
            &[r#"{"group": "ecs"}"#],
            "no pool serves \"{\\\"group\\\": \\\"ecs\\\"}\"; fargate-x64 lacks \"{\\\"group\\\": \\\"ecs\\\"}\"; that is an \
             object as text: make one of it with fromJSON",
        ),
        (
            &["self-hosted linux x64"],
            "no pool serves \"self-hosted linux x64\"; fargate-x64 lacks \"self-hosted linux x64\"; that is one label \
             with spaces: write labels as a YAML list",
        ),
        (
            &["self-hosted", "a\u{7}b"],
            r#"no pool serves "a\u{7}b", "self-hosted"; fargate-x64 lacks "a\u{7}b""#,
        ),
    ] {
        let asked: Labels = runs_on.iter().collect();
        assert_eq!(route(&pools, &asked, false).unwrap_err().to_string(), says);
    }
}

#[test]
fn however_much_a_job_asks_for_what_is_said_of_it_is_a_sentence() {
    let pools = pools();
    for sign in ["x", "\u{1}", ",", "[", "\u{10ffff}"] {
        let asked: Labels = (0..100).map(|it| format!("{}{it}", sign.repeat(10_000))).collect();
        let said = route(&pools, &asked, false).unwrap_err().to_string();
        assert!(said.chars().count() < crate::quote::SENTENCE, "{} characters: {said}", said.len());
        assert!(said.contains("and 97 more"), "{said}");
    }
}

#[test]
fn a_job_is_ours_if_its_labels_name_us_and_not_somebody_elses_runner() {
    let pools = pools();
    for (runs_on, is_ours, why) in [
        (&["self-hosted", "gpu"][..], true, "it says self-hosted"),
        (&["docker", "gpu"], true, "docker is a label of our pools"),
        (&["linux", "x64", "fargate-x64", "gpu"], true, "it names a pool"),
        (&["self-hosted, linux, x64"], true, "commas by mistake"),
        (&["self-hosted linux x64"], true, "spaces by mistake"),
        (&[r#"{"labels": ["docker"]}"#], true, "an object as text"),
        (&["self-hosted", "Windows", "X64"], false, "another system's machine: every pool is Linux"),
        (&["self-hosted", "macOS", "ARM64"], false, "the same"),
        (&["self-hosted", "linux", "ARM"], false, "GitHub's word for 32 bits"),
        (&[r#"["self-hosted","x64"]"#], true, "a list as text"),
        (&["self-hosted", "ubuntu-latest"], true, "GitHub has no such runner"),
        (&["gpu-large"], false, "the name of a larger runner, which anybody may choose"),
        (&["linux", "x64", "gpu"], false, "whoever's runner has a system and an architecture"),
        (&["ubuntu-latest"], false, "GitHub's own"),
        (&["ubuntu-24.04-16core"], false, "a larger one of GitHub's"),
        (&[], false, "a group of larger runners, it may be"),
        (&["dependabot"], false, "GitHub's own"),
        (&["self-hosted", "dependabot", "gpu"], false, "GitHub's own, at home"),
        (&["runs-on=9081/runner=2cpu-linux-x64"], false, "RunsOn"),
        (&["self-hosted", "runs-on=9081", "docker"], false, "RunsOn, in other words"),
        (&["runs-on", "runner=4cpu-linux-x64", "spot"], false, "RunsOn, as it was"),
        (&["runs-on,runner=4cpu-linux-x64,spot"], false, "the same, with commas"),
        (&["codebuild-app-9081-1", "image:arm-3.0", "docker"], false, "AWS CodeBuild"),
        (&["buildjet-4vcpu-ubuntu-2204"], false, "BuildJet"),
        (&["depot-ubuntu-24.04-4"], false, "Depot"),
        (&["blacksmith-4vcpu-ubuntu-2404"], false, "Blacksmith"),
        (&["namespace-profile-default"], false, "Namespace"),
        (&["ubicloud-standard-2"], false, "Ubicloud"),
        (&["warp-ubuntu-latest-x64-4x"], false, "WarpBuild"),
    ] {
        let asked: Labels = runs_on.iter().collect();
        assert_eq!(route(&pools, &asked, false).unwrap_err().is_ours(), is_ours, "{asked}: {why}");
    }
    let named = DEFAULT_POOLS.replacen("[\"fargate\", \"on-demand\"]", "[\"macos\", \"on-demand\"]", 1);
    let named = PoolMap::from_toml(&named).unwrap();
    let asked: Labels = ["self-hosted", "macos", "gpu"].into_iter().collect();
    assert!(route(&named, &asked, false).unwrap_err().is_ours(), "whatever it means by it");
    let owned = DEFAULT_POOLS.replacen("[\"fargate\", \"on-demand\"]", "[\"depot-like\", \"on-demand\"]", 1);
    let owned = PoolMap::from_toml(&owned).unwrap();
    let asked: Labels = ["depot-like", "gpu"].into_iter().collect();
    assert!(route(&owned, &asked, false).unwrap_err().is_ours(), "a pool of the map has such a label");
}

#[test]
fn jobs_of_public_repositories_go_to_pools_that_take_them_alone() {
    let closed = pools();
    let asked = |words: &[&str]| words.iter().collect::<Labels>();
    let refused = route(&closed, &asked(&["linux", "docker"]), true).unwrap_err();
    assert!(refused.is_ours());
    assert_eq!(
        refused.to_string(),
        "the repository is public, and ec2-x64 takes no jobs of public repositories; allow them with \
         public_repositories = true, and in the settings of its runner group"
    );
    let text =
        DEFAULT_POOLS.replace("runner_group = \"ecs\"", "runner_group = \"ecs\"\npublic_repositories = true");
    let open = PoolMap::from_toml(&text).unwrap();
    for (runs_on, is_public, expected, why) in [
        (&["linux", "docker"][..], true, Some("ec2-x64"), "the pool takes them"),
        (&["linux", "x64"], true, Some("ec2-x64"), "the first that takes them, not the first"),
        (&["linux", "x64"], false, Some("fargate-x64"), "the first"),
        (&["fargate"], true, None, "no Fargate pool takes them"),
        (&["docker"], false, Some("ec2-x64"), "a private one goes there too"),
    ] {
        let pool = route(&open, &asked(runs_on), is_public).ok().map(|pool| pool.name.as_str());
        assert_eq!(pool, expected, "{why}");
    }
    let elsewhere = route(&open, &asked(&["ubuntu-latest"]), true).unwrap_err();
    assert!(matches!(elsewhere, Unserved::GithubHosted(_)), "{elsewhere}");
}

/// Words that some pool knows, and some that none does.
fn words() -> Vec<String> {
    let pools = pools();
    let known: Labels = pools.iter().flat_map(|pool| pool.labels.iter()).collect();
    known.iter().map(|label| label.as_str().to_owned()).chain(["gpu".into(), "windows".into()]).collect()
}

proptest! {
    #[test]
    fn a_routed_pool_has_all_of_the_jobs_labels(asked in subsequence(words(), 0..5)) {
        let (pools, asked) = (pools(), asked.into_iter().collect::<Labels>());
        match route(&pools, &asked, false) {
            Ok(pool) => prop_assert!(pool.labels.serve(&asked)),
            Err(_) => prop_assert!(asked.is_empty() || !pools.iter().any(|pool| pool.labels.serve(&asked))),
        }
    }

    #[test]
    fn case_and_order_of_labels_do_not_matter(
        asked in subsequence(words(), 1..5),
        upper in any::<u8>(),
        turn in any::<Index>(),
    ) {
        let pools = pools();
        let mut shouted: Vec<String> = asked.iter().enumerate()
            .map(|(at, word)| if upper >> at & 1 == 1 { word.to_uppercase() } else { word.clone() })
            .collect();
        let by = turn.index(shouted.len());
        shouted.rotate_left(by);
        let (plain, shouted): (Labels, Labels) = (asked.iter().collect(), shouted.iter().collect());
        prop_assert_eq!(route(&pools, &plain, false).ok(), route(&pools, &shouted, false).ok());
    }
}
