//! The table, and what is said of types that do not do.

use super::*;
use crate::pools::fit::RESERVED_MIB;

#[test]
fn the_table_has_every_row_and_says_whose_it_is() {
    let rows = TABLE.lines().filter(|line| line.contains('\t')).count();
    assert_eq!(TYPES.len(), rows - 1, "all but the names of the columns");
    assert!(TYPES.len() > 1000, "{}", TYPES.len());
    assert!(source().starts_with("moto "), "{}", source());
    let t3 = InstanceType { architecture: Architecture::X86_64, vcpus: 8, memory_mib: 32_768, interfaces: 4 };
    assert_eq!(of("t3.2xlarge"), Some(t3));
    assert_eq!(of("t4g.2xlarge"), Some(InstanceType { architecture: Architecture::Arm64, ..t3 }));
    assert_eq!(of("mac2.metal"), None, "no Linux runs on it");
}

#[test]
fn the_table_is_what_its_script_makes_of_the_pinned_moto() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("../../.venv/bin/python");
    assert!(python.exists(), "moto is not installed: `make test` does it, or `make .venv/.installed` alone");
    let script = folder.join("instance_types/make.py");
    let ended = std::process::Command::new(python).arg(script).arg("--check").output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

const ASKED: OnInstances<'static> = OnInstances {
    architecture: Some(Architecture::X86_64),
    instance_types: &[],
    runners_per_instance: Some(2),
    cpu_units: Some(4096),
    memory_mib: Some(15_360),
};

/// What is said of one type, and whether it is certain.
fn said(name: &str, pool: OnInstances<'_>) -> Vec<(bool, String)> {
    let types = [name.to_owned()];
    let findings = look(&OnInstances { instance_types: &types, ..pool });
    findings.into_iter().map(|it| (it.is_certain, it.message)).collect()
}

#[test]
fn what_is_not_known_of_a_pool_speaks_against_no_type() {
    for pool in [
        OnInstances { architecture: None, ..ASKED },
        OnInstances { cpu_units: None, runners_per_instance: Some(200), ..ASKED },
        OnInstances { memory_mib: Some(0), runners_per_instance: Some(200), ..ASKED },
        OnInstances { runners_per_instance: None, ..ASKED },
    ] {
        assert_eq!(said("t3.2xlarge", pool), [], "{pool:?}");
    }
}

#[test]
fn each_number_may_be_as_large_as_its_limit_and_no_larger() {
    // 53 of 1000 parts of 32,768 MiB, and 256, leave 30,775; 17 of 1000 parts leave 31,954.
    for (pool, expected, why) in [
        (ASKED, None, "as the shipped map has it"),
        (OnInstances { memory_mib: Some(15_387), ..ASKED }, None, "all that is left for sure"),
        (OnInstances { memory_mib: Some(15_388), ..ASKED }, Some(false), "perhaps"),
        (OnInstances { memory_mib: Some(15_977), ..ASKED }, Some(false), "the most there can be"),
        (OnInstances { memory_mib: Some(15_978), ..ASKED }, Some(true), "more"),
        (OnInstances { cpu_units: Some(4097), ..ASKED }, Some(true), "no CPU is left over"),
        (
            OnInstances {
                runners_per_instance: Some(3),
                cpu_units: Some(1024),
                memory_mib: Some(1024),
                ..ASKED
            },
            None,
            "an interface each, and the instance's own",
        ),
        (
            OnInstances {
                runners_per_instance: Some(4),
                cpu_units: Some(1024),
                memory_mib: Some(1024),
                ..ASKED
            },
            Some(true),
            "one interface too few",
        ),
        (OnInstances { runners_per_instance: Some(u32::MAX), ..ASKED }, Some(true), "far more"),
    ] {
        let certain: Vec<bool> = said("t3.2xlarge", pool).into_iter().map(|(certain, _)| certain).collect();
        assert_eq!(certain, expected.into_iter().collect::<Vec<_>>(), "{why}");
    }
}

#[test]
fn every_type_of_a_pool_has_to_do_and_one_that_is_new_is_only_warned_of() {
    let types = ["m6i.2xlarge", "m6i.xlarge", "m7g.2xlarge", "t99.huge", "m6i.2xlrage", "m6i.*"];
    let types = types.map(str::to_owned);
    let findings = look(&OnInstances { instance_types: &types, ..ASKED });
    let about: Vec<(About, bool)> = findings.iter().map(|it| (it.about, it.is_certain)).collect();
    let expected = [
        (About::Type(2), true),
        (About::Type(3), false),
        (About::Type(4), false),
        (About::Type(5), true),
        // One of 15,360 MiB is too much for 16 GiB.
        (About::Type(1), true),
    ];
    assert_eq!(about, expected, "{findings:#?}");
    assert!(findings[2].message.starts_with("did you mean m6i.2xlarge? "), "{}", findings[2].message);
}

#[test]
fn what_the_agent_keeps_is_what_the_hosts_are_told() {
    let boot = include_str!("../../../../../images/host/root/usr/lib/mayfly/boot");
    let told = boot.lines().find_map(|line| line.strip_prefix("ECS_RESERVED_MEMORY="));
    assert_eq!(told, Some(RESERVED_MIB.to_string().as_str()));
}

/// The maps that Mayfly ships.
#[test]
fn the_runners_of_the_shipped_maps_fit_on_their_instances_for_sure() {
    for map in ["pools.toml", "examples/pools-isolated.toml", "examples/pools-office-hours.toml"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(map);
        let checked = crate::pools::read(Some(&file)).unwrap();
        assert_eq!(checked.warnings, [] as [&str; 0], "{map}");
    }
}
