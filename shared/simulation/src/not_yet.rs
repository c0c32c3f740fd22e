//! What can not be held yet, because the function that repairs it is not built: in one place.

use sandbox::Repairer::{self, Reconciler};

/// The points of what must always hold that wait for a function, with what they wait for.
pub const NOT_YET_CHECKED: [(&str, Repairer); 4] = [
    ("a task whose runner has stopped without a JIT config is stopped", Reconciler),
    ("a runner that hangs with its JIT config is counted out, and its task ends", Reconciler),
    ("books come to rest although a stop event was lost", Reconciler),
    ("the registration of a runner that died is deleted before GitHub forgets it", Reconciler),
];
