//! What a month of each switch costs: dependency caches, the mirror of Docker Hub, the runtimes' cache,
//! image builds and automatic images.

use crate::assumed::{Assumed, MonthOfCaches, MonthOfImageBuilds, MonthOfMirror, MonthOfRuntimes};
use crate::day::MONTH;
use crate::deployed::MirrorTask;
use crate::prices::{PriceList, SwitchPrices};

/// Megabytes of a gigabyte, as layers are sized.
const MB_OF_A_GB: f64 = 1000.0;

/// One thing that costs.
#[derive(Debug, Clone, PartialEq)]
pub struct SwitchCost {
    /// What it is.
    pub what: &'static str,
    /// How much of it.
    pub amount: f64,
    /// Of what.
    pub unit: &'static str,
    /// Dollars of a month.
    pub dollars: f64,
}

/// A switch with all that costs while it is on. Off, it costs nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct SwitchBill {
    /// How it is switched on.
    pub switch: &'static str,
    /// What costs.
    pub costs: Vec<SwitchCost>,
}

impl SwitchBill {
    /// Dollars of a month.
    pub fn sum(&self) -> f64 {
        self.costs.iter().map(|it| it.dollars).sum()
    }
}

/// The bills of all switches.
pub fn bills(list: &PriceList, assumed: &Assumed, task: &MirrorTask) -> Vec<SwitchBill> {
    let prices = &list.switch_prices;
    let [from_s3, from_efs] = runtimes(prices, &assumed.runtimes);
    let [builds, automatic] = image_builds(prices, list.prices.alarm_month, &assumed.image_builds);
    let [caches, mirror] = [caches(prices, &assumed.caches), mirror(prices, &assumed.mirror, task)];
    vec![caches, mirror, from_s3, from_efs, builds, automatic]
}

/// Dollars a month for what daemons pull through the NAT gateway without a mirror.
pub fn without_a_mirror(prices: &SwitchPrices, assumed: &Assumed) -> f64 {
    assumed.mirror.pulled_gb * prices.nat_gb
}

fn cost(what: &'static str, amount: f64, unit: &'static str, price: f64) -> SwitchCost {
    SwitchCost { what, amount, unit, dollars: amount * price }
}

fn caches(prices: &SwitchPrices, month: &MonthOfCaches) -> SwitchBill {
    let writes = month.saves * month.writes_a_save;
    let lists = month.restores * month.lists_a_restore;
    let ranges = month.restores * month.ranges_a_restore;
    SwitchBill {
        switch: "[caches.<name>]",
        costs: vec![
            cost("S3: kept", month.stored_gb, "GB", prices.s3_gb_month),
            cost("S3: saved and listed", writes + lists, "requests", prices.s3_write),
            cost("S3: restored", ranges, "requests", prices.s3_read),
        ],
    }
}

fn mirror(prices: &SwitchPrices, month: &MonthOfMirror, task: &MirrorTask) -> SwitchBill {
    let hours = MONTH.as_secs_f64() / 3600.0 * task.count;
    let hour = task.vcpus * prices.fargate_vcpu_hour + task.gb * prices.fargate_gb_hour;
    let layers = |gb: f64| gb * MB_OF_A_GB / month.layer_mb;
    let (fetched, pulled) = (layers(month.fetched_gb), layers(month.pulled_gb));
    let writes = fetched * month.writes_a_fetch + pulled * month.writes_a_pull;
    SwitchBill {
        switch: "DockerHubMirror",
        costs: vec![
            cost("Fargate: one task", hours, "hours", hour),
            cost("Route 53: its zone", 1.0, "zone", prices.hosted_zone_month),
            cost("S3: kept", month.stored_gb, "GB", prices.s3_gb_month),
            cost("S3: written and listed", writes, "requests", prices.s3_write),
            cost("S3: read", pulled * month.reads_a_pull, "requests", prices.s3_read),
            cost("NAT: fetched from Docker Hub", month.fetched_gb, "GB", prices.nat_gb),
        ],
    }
}

/// Both ways to deliver them: bundles from S3, or a file system.
fn runtimes(prices: &SwitchPrices, month: &MonthOfRuntimes) -> [SwitchBill; 2] {
    let publishes = month.publishes * month.architectures;
    let hours = publishes * month.publisher_minutes / 60.0;
    let hour = month.publisher_vcpus * prices.fargate_vcpu_hour + month.publisher_gb * prices.fargate_gb_hour;
    let tasks = cost("Fargate: publishers", hours, "hours", hour);
    let kept = |copies: f64, gb: f64| copies * month.architectures * gb;
    let from_s3 = vec![
        tasks.clone(),
        cost("S3: kept", kept(month.bundles_kept, month.bundle_gb), "GB", prices.s3_gb_month),
        cost("S3: published", publishes, "requests", prices.s3_write),
        cost("S3: restored", month.jobs, "requests", prices.s3_read),
    ];
    let from_efs = vec![
        tasks,
        cost("EFS: kept", kept(month.trees_kept, month.tree_gb), "GB", prices.efs_gb_month),
        cost("EFS: published", publishes * month.tree_gb, "GB", prices.efs_write_gb),
        cost("EFS: restored", month.jobs * month.tree_gb, "GB", prices.efs_read_gb),
    ];
    [("runtimes, from S3", from_s3), ("runtimes, from EFS", from_efs)]
        .map(|(switch, costs)| SwitchBill { switch, costs })
}

/// The builds, and the automatic update of the pools.
fn image_builds(prices: &SwitchPrices, alarm_month: f64, month: &MonthOfImageBuilds) -> [SwitchBill; 2] {
    let small =
        month.checks * month.check_minutes + month.builds * (month.build_minutes + month.publish_minutes);
    let transitions = month.builds * month.transitions_a_build;
    let builds = SwitchBill {
        switch: "ImageBuilds",
        costs: vec![
            cost("CodeBuild: x86_64", small, "minutes", prices.codebuild_minute),
            cost(
                "CodeBuild: arm64",
                month.builds * month.build_minutes,
                "minutes",
                prices.codebuild_arm_minute,
            ),
            cost("Step Functions", transitions, "transitions", prices.state_transition),
            cost("ECR: kept", month.builds_kept * month.build_gb, "GB", prices.ecr_gb_month),
            cost("CloudWatch: alarms", month.alarms, "alarms", alarm_month),
        ],
    };
    let minutes = month.gives * month.give_minutes;
    let automatic = SwitchBill {
        switch: "AutomaticImages",
        costs: vec![
            cost("CodeBuild: x86_64", minutes, "minutes", prices.codebuild_minute),
            cost("CloudWatch: alarms", month.alarms_of_gives, "alarms", alarm_month),
        ],
    };
    [builds, automatic]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{assumed, prices};

    #[test]
    fn each_cost_is_its_amount_times_its_price() {
        let list = PriceList::read(prices::FILE).unwrap();
        let assumed = Assumed::read(assumed::FILE).unwrap();
        let task = MirrorTask { count: 1.0, vcpus: 0.25, gb: 0.5 };
        let bills = bills(&list, &assumed, &task);
        let found: Vec<(&str, String)> = bills
            .iter()
            .flat_map(|bill| bill.costs.iter().map(|it| (it.what, format!("{:.2}", it.dollars))))
            .collect();
        let expected = [
            ("S3: kept", "2.30"),
            // 18,000 of saves, and 10,000 listings.
            ("S3: saved and listed", "0.14"),
            ("S3: restored", "0.13"),
            // 720 hours of 0.25 vCPU and 0.5 GB.
            ("Fargate: one task", "7.11"),
            ("Route 53: its zone", "0.50"),
            ("S3: kept", "1.15"),
            // 4,000 layers of twelve requests, and 40,000 of one.
            ("S3: written and listed", "0.44"),
            ("S3: read", "0.08"),
            ("NAT: fetched from Docker Hub", "4.50"),
            // Eight or nine publishes of five minutes, with 2 vCPU and 4 GB.
            ("Fargate: publishers", "0.06"),
            ("S3: kept", "0.08"),
            ("S3: published", "0.00"),
            ("S3: restored", "0.00"),
            ("Fargate: publishers", "0.06"),
            ("EFS: kept", "0.83"),
            ("EFS: published", "0.36"),
            // 6,900 GB.
            ("EFS: restored", "207.00"),
            // 60 minutes of checks, and 32 of each build.
            ("CodeBuild: x86_64", "1.00"),
            ("CodeBuild: arm64", "0.44"),
            ("Step Functions", "0.00"),
            ("ECR: kept", "2.00"),
            ("CloudWatch: alarms", "0.20"),
            // 34 runs of a minute.
            ("CodeBuild: x86_64", "0.17"),
            ("CloudWatch: alarms", "0.10"),
        ];
        assert_eq!(found, expected.map(|(what, dollars)| (what, dollars.to_owned())));
        assert!((without_a_mirror(&list.switch_prices, &assumed) - 45.0).abs() < 1e-9, "1,000 GB");
    }
}
