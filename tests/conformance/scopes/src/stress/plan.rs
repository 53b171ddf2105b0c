//! The program of a tree, made from a seed.

use crate::random::Random;

/// A small program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Plan {
    /// Foreign yields.
    Yield(usize),
    /// Checkpoints.
    Checkpoint(usize),
    /// Sleeps for this number of microseconds.
    Sleep(u64),
    /// Sleeps until cancelled; only below something that ends it.
    SleepForever,
    /// A call on a worker thread.
    Thread,
    /// Fails with a unique error.
    Fail,
    /// Panics with a unique payload.
    Panic,
    /// Cancels the n-th enclosing scope, counted outwards.
    Cancel(usize),
    /// Aborts the n-th enclosing scope that may be aborted.
    Abort(usize),
    /// One after the other, up to the first failure.
    Then(Vec<Plan>),
    /// A scope, with a limit in microseconds.
    Scope {
        /// The limit.
        limit: Option<u64>,
        /// Whether it may be aborted: clean-ups and errors in it may be lost.
        abortable: bool,
        /// The body.
        body: Box<Plan>,
    },
    /// A shield.
    Shield(Box<Plan>),
    /// A body and its clean-up.
    Finally(Box<Plan>, Box<Plan>),
    /// A group.
    Group {
        /// The kind of children.
        children: Children,
        /// Whether failures leave siblings alone.
        keep_going: bool,
        /// The steps of its body.
        steps: Vec<Step>,
        /// Whether the body cancels the group at its end, however it ends.
        cancelled: bool,
    },
    /// A race; errors are caught in the members.
    Race(Vec<Plan>),
    /// Runs concurrently; errors are caught in the members.
    Gather(Vec<Plan>),
    /// Runs concurrently, up to the first failure.
    TryGather(Vec<Plan>),
    /// Polls the plan this number of times, and then drops it.
    Drop(usize, Box<Plan>),
    /// Polls the plan this number of times, and then forgets it: its destructors never run.
    Forget(usize, Box<Plan>),
    /// Polls the plan this number of times here, and then moves it to a new task, which drives it to its
    /// end; errors are caught in it.
    Move(usize, Box<Plan>),
    /// Polls the plan in a new task, and this number of times here too; errors are caught in it.
    Share(usize, Box<Plan>),
    /// Catches errors and panics.
    Catch(Box<Plan>),
}

/// The kind of children of a group.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Children {
    /// Tasks of the runtime.
    Tasks,
    /// In the host's task.
    Borrowing,
}

/// A step of the body of a group.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Spawns a child.
    Spawn(Plan),
    /// Starts a child, which calls `started` between the two.
    Start(Plan, Plan),
    /// Spawns a child that spawns another into the same group.
    SpawnTwice(Plan, Plan),
    /// Carries out a plan in the body itself.
    Do(Plan),
    /// Cancels the n-th child.
    CancelChild(usize),
    /// Waits for the n-th child.
    Await(usize),
}

impl Plan {
    /// Returns the plan of a seed.
    #[must_use]
    pub fn random(seed: u64) -> Plan {
        let mut maker = Maker {
            random: Random::new(seed),
            timed: false,
        };
        maker.timed = maker.random.below(8) == 0;
        let mut steps = vec![maker.group(5, Surroundings::ROOT)];
        if maker.chance(2) {
            steps.push(maker.plan(4, Surroundings::ROOT));
        }
        Plan::Then(steps)
    }
}

/// The plans that are allowed at a place.
#[derive(Clone, Copy)]
struct Surroundings {
    /// Whether it may panic: below a drop, a panic could surface anywhere.
    panics: bool,
    /// Whether it may fail.
    fails: bool,
    /// Whether a wait without an end is allowed: it is sure to be cancelled.
    endless: bool,
    /// Whether the canceller may be forgotten before it cancels.
    forgotten: bool,
}

impl Surroundings {
    const ROOT: Surroundings = Surroundings {
        panics: true,
        fails: true,
        endless: false,
        forgotten: false,
    };

    /// Returns the surroundings in a clean-up, which neither fails nor panics.
    fn in_clean_up(self) -> Surroundings {
        Surroundings {
            panics: false,
            fails: false,
            endless: false,
            ..self
        }
    }

    fn in_scope(self, limited: bool, abortable: bool) -> Surroundings {
        Surroundings {
            panics: self.panics && !abortable,
            endless: self.endless || (limited && !self.forgotten),
            ..self
        }
    }

    fn in_shield(self) -> Surroundings {
        Surroundings {
            endless: false,
            ..self
        }
    }

    fn in_child(self, cancelled: bool) -> Surroundings {
        Surroundings {
            endless: self.endless || (cancelled && !self.forgotten),
            ..self
        }
    }

    /// Returns the surroundings before `started`. A failure there is not reported to the group.
    fn in_start(self) -> Surroundings {
        Surroundings {
            endless: false,
            panics: false,
            ..self
        }
    }

    fn in_drop(self) -> Surroundings {
        Surroundings {
            panics: false,
            endless: !self.forgotten,
            ..self
        }
    }

    /// Returns the surroundings in a forgotten future, which is not cancelled for being forgotten.
    fn in_forgotten(self) -> Surroundings {
        Surroundings {
            panics: false,
            endless: false,
            forgotten: true,
            ..self
        }
    }

    /// Returns the surroundings of a future that is moved to a new task, outside the enclosing scopes.
    fn carried_away(self) -> Surroundings {
        Surroundings {
            fails: true,
            endless: false,
            ..self
        }
    }

    fn caught(self) -> Surroundings {
        Surroundings {
            fails: true,
            ..self
        }
    }

    fn without_panics(self) -> Surroundings {
        Surroundings {
            panics: false,
            ..self
        }
    }
}

impl Plan {
    /// Returns whether the plan ends by itself, and uses only steps that the model can follow. Random plans
    /// do.
    #[must_use]
    pub fn is_fair(&self) -> bool {
        self.is_fair_at(Surroundings::ROOT)
    }

    /// Returns whether a future in it is moved to another task, or shared with one.
    pub(super) fn carries(&self) -> bool {
        let any = |plans: &[Plan]| plans.iter().any(Plan::carries);
        match self {
            Plan::Move(..) | Plan::Share(..) => true,
            Plan::Then(plans)
            | Plan::Race(plans)
            | Plan::Gather(plans)
            | Plan::TryGather(plans) => any(plans),
            Plan::Scope { body, .. }
            | Plan::Shield(body)
            | Plan::Drop(_, body)
            | Plan::Forget(_, body)
            | Plan::Catch(body) => body.carries(),
            Plan::Finally(body, cleanup) => body.carries() || cleanup.carries(),
            Plan::Group { steps, .. } => steps.iter().any(|step| match step {
                Step::Spawn(plan) | Step::Do(plan) => plan.carries(),
                Step::SpawnTwice(one, two) | Step::Start(one, two) => {
                    one.carries() || two.carries()
                }
                Step::Await(_) | Step::CancelChild(_) => false,
            }),
            _ => false,
        }
    }

    fn is_fair_at(&self, at: Surroundings) -> bool {
        let all = |plans: &[Plan], at| plans.iter().all(|plan| plan.is_fair_at(at));
        match self {
            Plan::SleepForever => at.endless,
            Plan::Fail => at.fails,
            Plan::Panic => at.fails && at.panics,
            Plan::Then(plans) => all(plans, at),
            Plan::Scope {
                limit,
                abortable,
                body,
            } => body.is_fair_at(at.in_scope(limit.is_some(), *abortable)),
            Plan::Shield(body) => body.is_fair_at(at.in_shield()),
            Plan::Finally(body, cleanup) => {
                body.is_fair_at(at) && cleanup.is_fair_at(at.in_clean_up())
            }
            Plan::Group {
                steps, cancelled, ..
            } => {
                let inside = at.in_child(*cancelled);
                steps.iter().all(|step| match step {
                    Step::Spawn(plan) => plan.is_fair_at(inside),
                    Step::SpawnTwice(one, two) => one.is_fair_at(inside) && two.is_fair_at(inside),
                    Step::Start(before, after) => {
                        before.is_fair_at(inside.in_start()) && after.is_fair_at(inside)
                    }
                    Step::Do(plan) => plan.is_fair_at(at),
                    Step::Await(_) => !cancelled,
                    Step::CancelChild(_) => true,
                })
            }
            Plan::Race(members) | Plan::Gather(members) => all(members, at.caught()),
            Plan::TryGather(members) => all(members, at.without_panics()),
            Plan::Drop(_, body) => body.is_fair_at(at.in_drop()),
            Plan::Forget(_, body) => body.is_fair_at(at.in_forgotten()),
            Plan::Move(_, body) | Plan::Share(_, body) => body.is_fair_at(at.carried_away()),
            Plan::Catch(body) => body.is_fair_at(at.caught()),
            _ => true,
        }
    }
}

struct Maker {
    random: Random,
    /// Whether limits are used: they make a tree slow.
    timed: bool,
}

impl Maker {
    fn chance(&mut self, one_in: u64) -> bool {
        self.random.below(one_in) == 0
    }

    fn count(&mut self, most: u64) -> usize {
        self.random.below(most + 1) as usize
    }

    fn plan(&mut self, depth: u32, at: Surroundings) -> Plan {
        if depth == 0 || self.chance(6) {
            return self.leaf(at);
        }
        let below = depth - 1;
        match self.random.below(24) {
            0..4 => Plan::Then(self.plans(1, 3, below, at)),
            4..7 => self.group(below, at),
            7..10 => self.scope(below, at),
            10 | 11 => Plan::Shield(self.boxed(below, at.in_shield())),
            12..15 => {
                let body = self.boxed(below, at);
                Plan::Finally(body, self.boxed(below.min(2), at.in_clean_up()))
            }
            15 => Plan::Race(self.plans(1, 3, below, at.caught())),
            16 => Plan::Gather(self.plans(1, 3, below, at.caught())),
            17 => Plan::TryGather(self.plans(0, 3, below, at.without_panics())),
            18 => Plan::Drop(self.count(8), self.boxed(below, at.in_drop())),
            19 => Plan::Move(self.count(8), self.boxed(below, at.carried_away())),
            20 => Plan::Share(self.count(8), self.boxed(below, at.carried_away())),
            // The scopes around a forgotten hold wait for as long as their patience.
            21 if self.timed => Plan::Forget(self.count(8), self.boxed(below, at.in_forgotten())),
            _ => Plan::Catch(self.boxed(below, at.caught())),
        }
    }

    fn boxed(&mut self, depth: u32, at: Surroundings) -> Box<Plan> {
        Box::new(self.plan(depth, at))
    }

    fn plans(&mut self, least: usize, most: usize, depth: u32, at: Surroundings) -> Vec<Plan> {
        let count = least + self.count((most - least) as u64);
        (0..count).map(|_| self.plan(depth, at)).collect()
    }

    fn leaf(&mut self, at: Surroundings) -> Plan {
        match self.random.below(24) {
            0..4 => Plan::Yield(self.count(3)),
            4..10 => Plan::Checkpoint(self.count(5)),
            10 if self.timed => Plan::Sleep(self.random.below(1500)),
            10 | 11 => Plan::Sleep(0),
            12 if self.chance(4) => Plan::Thread,
            12 | 13 if at.endless => Plan::SleepForever,
            14..18 => Plan::Cancel(self.count(3)),
            18 => Plan::Abort(self.count(2)),
            19..22 if at.fails => Plan::Fail,
            22 if at.fails && at.panics && self.chance(2) => Plan::Panic,
            _ => Plan::Checkpoint(1),
        }
    }

    fn scope(&mut self, depth: u32, at: Surroundings) -> Plan {
        let limit = (self.timed && self.chance(2)).then(|| self.random.below(2000));
        let abortable = self.chance(8);
        Plan::Scope {
            limit,
            abortable,
            body: self.boxed(depth, at.in_scope(limit.is_some(), abortable)),
        }
    }

    fn group(&mut self, depth: u32, at: Surroundings) -> Plan {
        let borrows = self.chance(4);
        let cancelled = self.chance(3);
        let steps = 1 + self.count(5);
        Plan::Group {
            children: if borrows {
                Children::Borrowing
            } else {
                Children::Tasks
            },
            keep_going: self.chance(5),
            steps: (0..steps)
                .map(|_| self.step(depth, cancelled, at))
                .collect(),
            cancelled,
        }
    }

    fn step(&mut self, depth: u32, cancelled: bool, at: Surroundings) -> Step {
        let inside = at.in_child(cancelled);
        let less = depth.min(2);
        match self.random.below(12) {
            0..5 => Step::Spawn(self.plan(depth, inside)),
            5 => Step::SpawnTwice(self.plan(less, inside), self.plan(less, inside)),
            6 => Step::Start(
                self.plan(less, inside.in_start()),
                self.plan(depth.min(3), inside),
            ),
            7 if !cancelled => Step::Await(self.count(4)),
            8 => Step::CancelChild(self.count(4)),
            9 | 10 => Step::Do(self.plan(depth, at)),
            _ => Step::Do(Plan::Checkpoint(2)),
        }
    }
}
