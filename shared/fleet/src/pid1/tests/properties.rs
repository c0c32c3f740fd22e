//! What holds whatever happens to PID 1.

use proptest::prelude::*;

use super::*;

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::ListenerUp),
        Just(Event::JobBegun),
        any::<bool>().prop_map(Event::Looked),
        Just(Event::NotFrozen),
        any_answer().prop_map(Event::Answered),
        Just(Event::Due),
        Just(Event::Terminate),
    ]
}

fn any_answer() -> impl Strategy<Value = Answered> {
    prop_oneof![
        1 => Just(Answered::Config),
        4 => (0_u64..100).prop_map(|seconds| Answered::Wait(Duration::from_secs(seconds))),
        1 => Just(Answered::Leave),
        1 => Just(Answered::Refused),
        2 => (0_u64..100).prop_map(|seconds| Answered::Later(Some(Duration::from_secs(seconds)))),
        2 => Just(Answered::Later(None)),
        2 => Just(Answered::NoAnswer),
    ]
}

/// Something that happens to a task.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// The question that is under way comes back.
    Answered(Answered),
    /// The time comes that is waited for.
    Due,
    ListenerUp,
    JobBegun,
    Terminate,
    Exited,
}

/// What the world is like by then.
#[derive(Debug, Clone, Copy)]
struct Moment {
    happens: Happens,
    /// Whether a look finds a worker.
    works: bool,
    /// Whether a freeze succeeds.
    freezes: bool,
    jitter: f64,
}

fn moment() -> impl Strategy<Value = Moment> {
    let happens = prop_oneof![
        6 => any_answer().prop_map(Happens::Answered),
        6 => Just(Happens::Due),
        2 => Just(Happens::ListenerUp),
        1 => Just(Happens::JobBegun),
        1 => Just(Happens::Terminate),
        1 => Just(Happens::Exited),
    ];
    let seen = (proptest::bool::weighted(0.1), proptest::bool::weighted(0.7), 0.0..1.0_f64);
    (happens, seen).prop_map(|(happens, (works, freezes, jitter))| Moment { happens, works, freezes, jitter })
}

/// A machine in hands that do what it says, and know of a question until its answer is there.
struct Hands {
    machine: Machine,
    now: Duration,
    is_asking: bool,
    questions: Vec<Listener>,
    configs: u32,
    starts: u32,
    is_up: bool,
}

impl Hands {
    fn new() -> Self {
        let machine = Machine::new(Timings::default());
        let (now, questions) = (Duration::ZERO, vec![]);
        Self { machine, now, is_asking: false, questions, configs: 0, starts: 0, is_up: false }
    }

    /// What may happen happens: an answer to a question, a time that is waited for, and whatever the
    /// runner program does once it is started.
    fn live(&mut self, moment: Moment) {
        let is_started = self.starts > 0;
        let event = match moment.happens {
            Happens::Answered(answered) if self.is_asking => {
                self.is_asking = false;
                // One config in a life is the registrar's promise.
                let again = answered == Answered::Config && self.configs > 0;
                self.configs += u32::from(answered == Answered::Config && !again);
                Event::Answered(if again { Answered::Wait(MINUTE) } else { answered })
            }
            Happens::Due => match self.machine.deadline() {
                Some(deadline) => {
                    self.now = self.now.max(deadline);
                    Event::Due
                }
                None => return,
            },
            Happens::ListenerUp if is_started && !self.is_up => {
                self.is_up = true;
                Event::ListenerUp
            }
            Happens::JobBegun if self.is_up => Event::JobBegun,
            Happens::Exited if is_started => Event::Exited(Exit::Code(0)),
            Happens::Terminate => Event::Terminate,
            _ => return,
        };
        self.take(event, moment);
    }

    fn take(&mut self, event: Event, moment: Moment) {
        self.now += SECOND;
        for action in self.machine.step(self.now, moment.jitter, event) {
            match action {
                Action::Ask(listener) => {
                    assert!(!self.is_asking, "two questions at once, after {:?}", self.questions);
                    self.is_asking = true;
                    self.questions.push(listener);
                }
                Action::Start => self.starts += 1,
                Action::Look => self.take(Event::Looked(moment.works), moment),
                Action::Freeze if moment.freezes => self.take(Event::Looked(moment.works), moment),
                Action::Freeze => self.take(Event::NotFrozen, moment),
                Action::Thaw | Action::Interrupt => {}
            }
        }
    }
}

proptest! {
    /// One question at a time, each with the listener as it is, and one runner program in a life.
    #[test]
    fn a_task_asks_one_question_at_a_time(moments in proptest::collection::vec(moment(), 0..60)) {
        let mut hands = Hands::new();
        hands.take(Event::Prepared(true), Moment {
            happens: Happens::Due, works: false, freezes: true, jitter: 0.5,
        });
        for moment in moments {
            let asked = hands.questions.len();
            hands.live(moment);
            if let Some(listener) = hands.questions.get(asked) {
                let is = match (hands.starts, hands.is_up) {
                    (0, _) => Listener::None,
                    (_, false) => Listener::Starting,
                    (_, true) => Listener::Up,
                };
                prop_assert_eq!(*listener, is);
            }
            prop_assert!(hands.starts <= 1, "a task has one runner program in its life");
            if matches!(hands.machine.state(), State::Over(_)) {
                prop_assert_eq!(hands.machine.deadline(), None);
                break;
            }
            // A machine that waits for nothing at all would hang: something has to be under way.
            let waits = hands.machine.deadline().is_some() || hands.is_asking;
            let works = matches!(hands.machine.state(), State::Working { .. });
            prop_assert!(waits || works, "{:?}", hands.machine.state());
        }
    }

    /// Whatever comes after a job has begun: PID 1 asks for nothing, and ends it only in two steps
    /// after a SIGTERM.
    #[test]
    fn a_job_is_left_alone(before in proptest::collection::vec(any_event(), 0..12),
                           later in proptest::collection::vec(any_event(), 0..12)) {
        let (mut machine, _) = after_config(&before);
        machine.step(60 * SECOND, 0.5, Event::JobBegun);
        // Due comes only where there is something to wait for.
        let later = later.into_iter().filter(|event| *event != Event::Due);
        if matches!(machine.state(), State::Working { .. }) {
            for event in later {
                let actions = machine.step(61 * SECOND, 0.5, event);
                prop_assert_eq!(actions, vec![]);
            }
            let left_alone = matches!(machine.state(), State::Working { .. });
            prop_assert!(left_alone);
        }
    }

    /// Every end of an idle runner comes through a freeze, or by the listener's own end.
    #[test]
    fn nobody_leaves_without_a_freeze(events in proptest::collection::vec(any_event(), 0..30)) {
        let (mut machine, _) = after_config(&[]);
        for event in events {
            let before = machine.state();
            machine.step(5 * SECOND, 0.5, event);
            if matches!(machine.state(), State::Over(_)) && before != machine.state() {
                let frozen = matches!(before, State::Freezing { .. }) && event == Event::Looked(false);
                let out_of_time = before == State::Working { interrupted: true } && event == Event::Due;
                prop_assert!(frozen || out_of_time, "{before:?} {event:?}");
            }
        }
    }
}
