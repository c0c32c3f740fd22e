//! Books that differ from the sums of their items, because somebody wrote one by hand. Each story runs
//! twice: without the reconciler it ends badly.

use fleet::JobId;
use fleet::PoolName;
use fleet::ledger::Totals;
use platform::scene::{Scene, plan};
use sandbox::{Fault, Rates};

const MINUTE: i64 = 60;
const JOB: JobId = JobId(1001);

/// A scene in which one book was overwritten: every pool has one from the first tick on.
fn miscounted(reconciles: bool, by: Totals) -> Scene {
    let mut scene = stories::scene();
    let off = (!reconciles).then_some((Fault::ReconcilerPassMissed, 1.0));
    scene.world.sandbox().set_faults(off.into_iter().collect::<Rates>());
    scene.pass(2 * MINUTE);
    scene.world.sandbox().table().borrow_mut().miscount(&PoolName::new("ec2-x64").unwrap(), by);
    scene
}

fn has_run(scene: &Scene) -> bool {
    let github = scene.world.sandbox().github().borrow();
    github.job(JOB).is_some_and(|job| job.started_at.is_some())
}

#[test]
fn a_job_that_its_book_does_not_count_gets_its_runner_when_two_looks_agree() {
    for (by, why) in [
        (Totals { queued: -1, ..Totals::default() }, "a job too few"),
        (Totals { supply: 1, ..Totals::default() }, "a runner on its way that does not exist"),
        (Totals { live: 20, ..Totals::default() }, "no room, according to the book"),
    ] {
        for reconciles in [true, false] {
            let mut scene = miscounted(reconciles, by);
            scene.world.queue_job(JOB, plan(&["ec2-x64"]));
            scene.pass(4 * MINUTE);
            assert!(!has_run(&scene), "{why}: one look proves nothing");
            let ((), told) = kit::recording::record(|| scene.pass(9 * MINUTE));
            assert_eq!(has_run(&scene), reconciles, "{why}");
            assert_eq!(told.count("LedgerDrift"), u64::from(reconciles), "{why}");
            scene.world.sandbox().set_faults(Rates::new());
        }
    }
}

#[test]
fn a_runner_that_waits_for_no_job_is_let_go_when_two_looks_agree() {
    for reconciles in [true, false] {
        let by = Totals { queued: 1, ..Totals::default() };
        let mut scene = miscounted(reconciles, by);
        scene.pass(3 * MINUTE);
        assert_eq!(scene.book("ec2-x64"), (1, 1, 1), "it waits");
        scene.pass(12 * MINUTE);
        assert_eq!(scene.book("ec2-x64").2, i64::from(!reconciles));
        scene.world.sandbox().set_faults(Rates::new());
    }
}
