//! Registrations that GitHub makes after the caller has ended.

use fleet::{GithubRunnerId, Labels};

use super::Github;

/// A call of `generate-jitconfig` that is still on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LatePost {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) group: String,
}

impl Github {
    /// A call is on its way whose caller is gone.
    pub(crate) fn post_later(&mut self, post: LatePost) {
        self.late_posts.push(post);
    }

    /// The calls that got on their way since this was asked last.
    pub(crate) fn take_late_posts(&mut self) -> Vec<LatePost> {
        std::mem::take(&mut self.late_posts)
    }

    /// A late call lands: the registration, unless the name is taken by now.
    pub(crate) fn land(&mut self, post: LatePost) -> Option<GithubRunnerId> {
        self.register(&post.name, post.labels, &post.group)
    }
}
