//! What holds whatever happens to PID 1.

use proptest::prelude::*;

use super::*;

fn any_event() -> impl Strategy<Value = Pid1Event> {
    prop_oneof![
        Just(Pid1Event::ListenerUp),
        Just(Pid1Event::JobBegun),
        any::<bool>().prop_map(Pid1Event::Looked),
        Just(Pid1Event::NotFrozen),
        any_answer().prop_map(Pid1Event::Answered),
        Just(Pid1Event::Due),
        Just(Pid1Event::Terminate),
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
enum TaskHappening {
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
struct Circumstances {
    happens: TaskHappening,
    /// Whether a look finds a worker.
    works: bool,
    /// Whether a freeze succeeds.
    freezes: bool,
    jitter: f64,
}

fn moment() -> impl Strategy<Value = Circumstances> {
    let happens = prop_oneof![
        6 => any_answer().prop_map(TaskHappening::Answered),
        6 => Just(TaskHappening::Due),
        2 => Just(TaskHappening::ListenerUp),
        1 => Just(TaskHappening::JobBegun),
        1 => Just(TaskHappening::Terminate),
        1 => Just(TaskHappening::Exited),
    ];
    let seen = (proptest::bool::weighted(0.1), proptest::bool::weighted(0.7), 0.0..1.0_f64);
    (happens, seen).prop_map(|(happens, (works, freezes, jitter))| Circumstances {
        happens,
        works,
        freezes,
        jitter,
    })
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
    fn live(&mut self, moment: Circumstances) {
        let is_started = self.starts > 0;
        let event = match moment.happens {
            TaskHappening::Answered(answered) if self.is_asking => {
                self.is_asking = false;
                // One config in a life is the registrar's promise.
                let again = answered == Answered::Config && self.configs > 0;
                self.configs += u32::from(answered == Answered::Config && !again);
                Pid1Event::Answered(if again { Answered::Wait(MINUTE) } else { answered })
            }
            TaskHappening::Due => match self.machine.deadline() {
                Some(deadline) => {
                    self.now = self.now.max(deadline);
                    Pid1Event::Due
                }
                None => return,
            },
            TaskHappening::ListenerUp if is_started && !self.is_up => {
                self.is_up = true;
                Pid1Event::ListenerUp
            }
            TaskHappening::JobBegun if self.is_up => Pid1Event::JobBegun,
            TaskHappening::Exited if is_started => Pid1Event::Exited(Exit::Code(0)),
            TaskHappening::Terminate => Pid1Event::Terminate,
            _ => return,
        };
        self.take(event, moment);
    }

    fn take(&mut self, event: Pid1Event, moment: Circumstances) {
        self.now += SECOND;
        for action in self.machine.step(self.now, moment.jitter, event) {
            match action {
                Pid1Action::Ask(listener) => {
                    assert!(!self.is_asking, "two questions at once, after {:?}", self.questions);
                    self.is_asking = true;
                    self.questions.push(listener);
                }
                Pid1Action::Start => self.starts += 1,
                Pid1Action::Look => self.take(Pid1Event::Looked(moment.works), moment),
                Pid1Action::Freeze if moment.freezes => self.take(Pid1Event::Looked(moment.works), moment),
                Pid1Action::Freeze => self.take(Pid1Event::NotFrozen, moment),
                Pid1Action::GiveUpRestore | Pid1Action::Thaw | Pid1Action::Interrupt => {}
            }
        }
    }
}

proptest! {
    /// One question at a time, each with the listener as it is, and one runner program in a life.
    #[test]
    fn a_task_asks_one_question_at_a_time(moments in proptest::collection::vec(moment(), 0..60)) {
        let mut hands = Hands::new();
        hands.take(Pid1Event::Prepared(true), Circumstances {
            happens: TaskHappening::Due, works: false, freezes: true, jitter: 0.5,
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
            if matches!(hands.machine.state(), Pid1State::Over(_)) {
                prop_assert_eq!(hands.machine.deadline(), None);
                break;
            }
            // A machine that waits for nothing at all would hang: something has to be under way.
            let waits = hands.machine.deadline().is_some() || hands.is_asking;
            let works = matches!(hands.machine.state(), Pid1State::Working { .. });
            prop_assert!(waits || works, "{:?}", hands.machine.state());
        }
    }

    /// Whatever comes after a job has begun: PID 1 asks for nothing, and ends it only in two steps
    /// after a SIGTERM.
    #[test]
    fn a_job_is_left_alone(before in proptest::collection::vec(any_event(), 0..12),
                           later in proptest::collection::vec(any_event(), 0..12)) {
        let (mut machine, _) = after_config(&before);
        machine.step(60 * SECOND, 0.5, Pid1Event::JobBegun);
        // Due comes only where there is something to wait for.
        let later = later.into_iter().filter(|event| *event != Pid1Event::Due);
        if matches!(machine.state(), Pid1State::Working { .. }) {
            for event in later {
                let actions = machine.step(61 * SECOND, 0.5, event);
                prop_assert_eq!(actions, vec![]);
            }
            let left_alone = matches!(machine.state(), Pid1State::Working { .. });
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
            if matches!(machine.state(), Pid1State::Over(_)) && before != machine.state() {
                let frozen = matches!(before, Pid1State::Freezing { .. }) && event == Pid1Event::Looked(false);
                let out_of_time = before == Pid1State::Working { interrupted: true } && event == Pid1Event::Due;
                prop_assert!(frozen || out_of_time, "{before:?} {event:?}");
            }
        }
    }
}
