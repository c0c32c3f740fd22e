//! The quotas of an account that decide what its pools can start, with their codes in Service Quotas.

use fleet::Pool;
use fleet::pools::CapacityProvider;

/// A quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quota {
    /// The service's code.
    pub service: &'static str,
    /// The quota's code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
}

const fn ec2(code: &'static str, name: &'static str) -> Quota {
    Quota { service: "ec2", code, name }
}

/// vCPUs of concurrent Fargate tasks (AWS General Reference, "AWS Fargate endpoints and quotas").
const FARGATE: Quota =
    Quota { service: "fargate", code: "L-3032A538", name: "Fargate On-Demand vCPU resource count" };

/// The same for Fargate Spot.
const FARGATE_SPOT: Quota =
    Quota { service: "fargate", code: "L-36FBB829", name: "Fargate Spot vCPU resource count" };

/// Concurrent functions (AWS General Reference, "AWS Lambda endpoints and quotas").
pub const LAMBDA: Quota = Quota { service: "lambda", code: "L-B99A9384", name: "Concurrent executions" };

/// What an instance's family is counted against, on demand and as Spot, by the letters that its name begins
/// with (EC2 user guide, "Amazon EC2 On-Demand Instance quotas" and "Amazon EC2 Spot Instance quotas": each
/// name there is a link that ends with the code). `im` and `is` are of the I family, `gr` of G.
const FAMILIES: [(&[&str], Quota, Option<Quota>); 10] = [
    (
        &["a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"],
        ec2("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"),
        Some(ec2("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests")),
    ),
    (
        &["g", "gr", "vt"],
        ec2("L-DB2E81BA", "Running On-Demand G and VT instances"),
        Some(ec2("L-3819A6DF", "All G and VT Spot Instance Requests")),
    ),
    (
        &["p"],
        ec2("L-417A185B", "Running On-Demand P instances"),
        Some(ec2("L-7212CCBC", "All P Spot Instance Requests")),
    ),
    (
        &["inf"],
        ec2("L-1945791B", "Running On-Demand Inf instances"),
        Some(ec2("L-B5D1601B", "All Inf Spot Instance Requests")),
    ),
    (
        &["trn"],
        ec2("L-2C3B7624", "Running On-Demand Trn instances"),
        Some(ec2("L-6B0D517C", "All Trn Spot Instance Requests")),
    ),
    (
        &["x"],
        ec2("L-7295265B", "Running On-Demand X instances"),
        Some(ec2("L-E3A00192", "All X Spot Instance Requests")),
    ),
    (
        &["f"],
        ec2("L-74FC7D96", "Running On-Demand F instances"),
        Some(ec2("L-88CF9481", "All F Spot Instance Requests")),
    ),
    (
        &["dl"],
        ec2("L-6E869C2A", "Running On-Demand DL instances"),
        Some(ec2("L-85EED4F7", "All DL Spot Instance Requests")),
    ),
    (&["u"], ec2("L-43DA4232", "Running On-Demand High Memory instances"), None),
    (&["hpc"], ec2("L-F7808C92", "Running On-Demand HPC instances"), None),
];

/// The quota that a pool draws on; on EC2 that of its preferred instance type. `None` if AWS names none.
pub fn of(pool: &Pool) -> Option<Quota> {
    match pool.capacity {
        CapacityProvider::Fargate => Some(FARGATE),
        CapacityProvider::FargateSpot => Some(FARGATE_SPOT),
        CapacityProvider::Ec2 => Some(family(pool.instance_types.first()?)?.0),
        CapacityProvider::Ec2Spot => family(pool.instance_types.first()?)?.1,
    }
}

fn family(instance_type: &str) -> Option<(Quota, Option<Quota>)> {
    let letters = instance_type.split(|c: char| !c.is_ascii_lowercase()).next()?;
    let known = FAMILIES.iter().find(|(families, ..)| families.contains(&letters));
    known.map(|&(_, on_demand, spot)| (on_demand, spot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_counted_by_the_letters_that_it_begins_with() {
        for (instance_type, on_demand, spot) in [
            ("t3.2xlarge", "L-1216C47A", Some("L-34B43A08")),
            ("c7gn.4xlarge", "L-1216C47A", Some("L-34B43A08")),
            ("im4gn.large", "L-1216C47A", Some("L-34B43A08")),
            ("g4dn.xlarge", "L-DB2E81BA", Some("L-3819A6DF")),
            ("gr6.4xlarge", "L-DB2E81BA", Some("L-3819A6DF")),
            ("vt1.3xlarge", "L-DB2E81BA", Some("L-3819A6DF")),
            ("p5.48xlarge", "L-417A185B", Some("L-7212CCBC")),
            ("inf2.xlarge", "L-1945791B", Some("L-B5D1601B")),
            ("trn1.2xlarge", "L-2C3B7624", Some("L-6B0D517C")),
            ("x2idn.16xlarge", "L-7295265B", Some("L-E3A00192")),
            ("f2.6xlarge", "L-74FC7D96", Some("L-88CF9481")),
            ("dl1.24xlarge", "L-6E869C2A", Some("L-85EED4F7")),
            ("u-6tb1.56xlarge", "L-43DA4232", None),
            ("u7i-12tb.224xlarge", "L-43DA4232", None),
            ("hpc7g.16xlarge", "L-F7808C92", None),
        ] {
            let (found, its_spot) = family(instance_type).expect(instance_type);
            assert_eq!((found.code, its_spot.map(|it| it.code)), (on_demand, spot), "{instance_type}");
        }
        assert_eq!(family("mac2.metal"), None, "a Mac runs on a dedicated host");
        assert_eq!(family(""), None);
    }

    #[test]
    fn each_quota_has_a_code_of_its_own() {
        let families = FAMILIES.iter().flat_map(|(_, on_demand, spot)| [Some(*on_demand), *spot]);
        let all: Vec<&str> =
            families.flatten().chain([FARGATE, FARGATE_SPOT, LAMBDA]).map(|quota| quota.code).collect();
        let distinct: std::collections::BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|code| code.len() == 10 && code.starts_with("L-")));
    }
}
