//! The index.

use fleet::ledger::{Book, Item, Job, JobState, Key, Listing, Runner, RunnerState};
use fleet::ports::{Ledger, ListItems};
use jiff::Timestamp;

use super::{at, job, pool, puts, runner};

async fn listed(ledger: &impl ListItems, listing: Listing) -> Vec<Key> {
    ledger.list(&listing).await.unwrap()
}

/// A pool's jobs are listed while they are Queued or in progress, those that were written down first come first.
pub async fn jobs_are_listed_until_they_end(ledger: &(impl Ledger + ListItems)) {
    let waits = |id, since| Job { seen_at: since, changed_at: at(3000), ..job(id) };
    // As text, a whole second comes after its fractions.
    let jobs = [waits(1, at(1000)), waits(2, at(0)), waits(3, at(500)), waits(4, at(-1))];
    let elsewhere = Job { pool: Some(pool("plain-2")), ..job(5) };
    let unserved = Job { state: JobState::Unserved, ..job(6) };
    let all = jobs.clone().into_iter().chain([elsewhere.clone(), unserved]);
    ledger.commit(&puts(all.map(Item::Job))).await.unwrap();
    let waiting = || listed(ledger, Listing::OpenJobs(pool("plain")));
    let keys = |ids: &[u64]| ids.iter().map(|&id| Item::Job(job(id)).key()).collect::<Vec<_>>();
    assert_eq!(waiting().await, keys(&[4, 2, 3, 1]));
    assert_eq!(listed(ledger, Listing::OpenJobs(pool("plain-2"))).await, keys(&[5]));
    assert_eq!(listed(ledger, Listing::OpenJobs(pool("pl"))).await, []);

    let moved = |id, state, since: Timestamp| Item::Job(Job { state, version: 2, ..waits(id, since) });
    let later = [
        moved(2, JobState::InProgress, at(0)),
        moved(3, JobState::Completed, at(500)),
        moved(4, JobState::Waiting, at(-1)),
    ];
    ledger.commit(&puts(later.clone())).await.unwrap();
    assert_eq!(waiting().await, keys(&[2, 1]), "one has ended, one waits for an approval, and one has begun");
    let read = ledger.read(&[later[0].key()]).await.unwrap();
    assert_eq!(read, later[..1], "its time is its own, wherever it is listed");
}

/// A pool's runners are listed until they are Stopped, under the pool whose labels they carry: those that come or go,
/// and those that serve.
pub async fn runners_are_listed_until_they_stop(ledger: &(impl Ledger + ListItems)) {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting, Stopped};

    let borrowed = Runner { capacity: pool("other"), ..runner(0) };
    let mut version: u64 = 0;
    let life =
        [(Starting, false), (Overdue, false), (Idle, false), (Idle, true), (Busy, true), (Leaving, true)];
    for (state, listened) in life.into_iter().chain([(Stopped, true)]) {
        version += 1;
        let changed_at = at(version.cast_signed());
        let moved = Runner { state, listened, version, changed_at, ..borrowed.clone() };
        ledger.commit(&puts([Item::Runner(moved.clone())])).await.unwrap();
        let serves = state == Busy || state == Idle && listened;
        let comes_or_goes = !serves && state != Stopped;
        let there = |is_there| if is_there { vec![Key::Runner(moved.id.clone())] } else { vec![] };
        for (listing, is_there) in
            [(Listing::Moving(pool("plain")), comes_or_goes), (Listing::Serving(pool("plain")), serves)]
        {
            assert_eq!(listed(ledger, listing.clone()).await, there(is_there), "{state:?}, {listing}");
        }
        for listing in
            Listing::live_runners(&pool("other")).into_iter().chain(Listing::earlier(&pool("plain")))
        {
            assert_eq!(listed(ledger, listing.clone()).await, [], "{state:?}, {listing}");
        }
        let read = ledger.read(&[Key::Runner(moved.id.clone())]).await.unwrap();
        assert_eq!(read, [Item::Runner(moved)], "its time is its own, wherever it is listed");
    }
}

/// Every book is listed, once, however often it is written; nothing else is, and a book in no other list.
pub async fn books_are_listed_whatever_is_written_in_them(ledger: &(impl Ledger + ListItems)) {
    let book = |name: &str, version| Book { version, ..Book::open(pool(name), 5) };
    let books = async || {
        let mut keys = listed(ledger, Listing::Books).await;
        keys.sort();
        keys
    };
    assert_eq!(books().await, []);
    let first = [Item::Book(book("plain", 1)), Item::Job(job(1)), Item::Runner(runner(1))];
    ledger.commit(&puts(first)).await.unwrap();
    ledger.commit(&puts([Item::Book(book("gone", 1))])).await.unwrap();
    let both = [Key::Book(pool("gone")), Key::Book(pool("plain"))];
    assert_eq!(books().await, both);

    let again = Book { queued: 1, minimum: 3, maximum: 0, ..book("plain", 2) };
    ledger.commit(&puts([Item::Book(again)])).await.unwrap();
    assert_eq!(books().await, both, "one that was written again is where it was");
    assert_eq!(listed(ledger, Listing::OpenJobs(pool("plain"))).await, [Item::Job(job(1)).key()]);
}
