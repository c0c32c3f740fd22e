//! Asks why a job waits, as `mayfly why` does, with the same reads of the sandbox.

use std::cell::RefCell;
use std::rc::Rc;

use control::{JobQuery, Sources};
use fleet::status::{Picture, Reason, why};
use fleet::{JobId, PoolMap, Repository};
use platform::scene::Scene;
use sandbox::STACK;
use sandbox::github::ORGANISATION;

/// What to ask, and which sources do not answer.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The question.
    pub asked: JobQuery,
    /// Why the ledger cannot be read, if it cannot.
    pub no_ledger: Option<&'static str>,
    /// Why GitHub cannot be asked, if it cannot.
    pub no_github: Option<&'static str>,
    /// Why ECS cannot be asked, if it cannot.
    pub no_ecs: Option<&'static str>,
}

impl Asking {
    /// Asks all of them about a job of this map's, by its number alone.
    pub fn of(job: JobId, pools: &PoolMap) -> Self {
        let asked = JobQuery {
            job,
            repository: None,
            organisation: Some(ORGANISATION.to_owned()),
            pools: pools.clone(),
            stack: STACK.to_owned(),
        };
        Self { asked, no_ledger: None, no_github: None, no_ecs: None }
    }

    /// Asks by the job's URL, which names its repository.
    #[must_use]
    pub fn in_repository(mut self, repository: &str) -> Self {
        self.asked.repository = Some(Repository::new(repository));
        self
    }

    /// What the sources show now.
    pub fn look(&self, scene: &mut Scene) -> Picture {
        let sandbox = scene.world.sandbox().clone();
        let seen: Rc<RefCell<Option<Picture>>> = Rc::default();
        let (out, it) = (Rc::clone(&seen), self.clone());
        scene.world.spawn(async move {
            let or = |why: Option<&str>| why.map_or(Ok(&sandbox), |why| Err(why.to_owned()));
            let sources = Sources { ledger: or(it.no_ledger), github: or(it.no_github), ecs: or(it.no_ecs) };
            let picture = sources.look(&it.asked, &sandbox).await;
            *out.borrow_mut() = Some(picture);
        });
        scene.world.drain();
        let picture = seen.borrow_mut().take();
        picture.unwrap_or_else(|| unreachable!("the sandbox's calls take no time"))
    }

    /// The sentence, and what happens next.
    pub fn said(&self, scene: &mut Scene) -> [String; 2] {
        why_and_trace(&self.look(scene))
    }

    /// The same, once the reason is of this kind; after ten minutes at the latest.
    pub fn said_once(&self, scene: &mut Scene, is_it: impl Fn(&Reason) -> bool) -> [String; 2] {
        for _ in 0..600 {
            let picture = self.look(scene);
            if is_it(&why(&picture).reason) {
                return why_and_trace(&picture);
            }
            scene.pass(1);
        }
        self.said(scene)
    }
}

/// The sentence of a picture, and what happens next.
pub fn why_and_trace(picture: &Picture) -> [String; 2] {
    let why = why(picture);
    [why.sentence(), why.next()]
}
