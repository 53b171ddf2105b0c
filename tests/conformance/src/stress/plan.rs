//! What a tree does, made from a seed.

/// A small program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Plan {
    /// Foreign yields.
    Yield(usize),
    /// Checkpoints.
    Checkpoint(usize),
    /// Sleeps for so many microseconds.
    Sleep(u64),
    /// Sleeps until cancelled; only below something that ends it.
    SleepForever,
    /// A call on a worker thread.
    Thread,
    /// Fails with an error of its own.
    Fail,
    /// Panics with a payload of its own.
    Panic,
    /// Cancels the n-th scope around it, counted outwards.
    Cancel(usize),
    /// Aborts the n-th scope around it that may be aborted.
    Abort(usize),
    /// One after the other, up to the first failure.
    Then(Vec<Plan>),
    /// A scope, with a limit in microseconds.
    Scope {
        /// The limit.
        limit: Option<u64>,
        /// Whether it may be aborted: clean-ups and errors in it may be lost.
        abortable: bool,
        /// What is in it.
        body: Box<Plan>,
    },
    /// A shield.
    Shield(Box<Plan>),
    /// A body and its clean-up.
    Finally(Box<Plan>, Box<Plan>),
    /// A group.
    Group {
        /// What kind of children.
        children: Children,
        /// Whether failures leave siblings alone.
        keep_going: bool,
        /// What its body does.
        steps: Vec<Step>,
        /// Whether the body cancels the group at its end, however it ends.
        cancelled: bool,
    },
    /// A race; errors are caught in the members.
    Race(Vec<Plan>),
    /// Side by side; errors are caught in the members.
    Gather(Vec<Plan>),
    /// Side by side, up to the first failure.
    TryGather(Vec<Plan>),
    /// Polled so often, and then dropped.
    Drop(usize, Box<Plan>),
    /// Catches errors and panics.
    Catch(Box<Plan>),
}

/// What kind of children a group has.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Children {
    /// Tasks of the runtime.
    Tasks,
    /// In the host's task.
    Borrowing,
}

/// What the body of a group does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Spawns a child.
    Spawn(Plan),
    /// Starts a child, which says `started` between the two.
    Start(Plan, Plan),
    /// Spawns a child that spawns another into the same group.
    SpawnTwice(Plan, Plan),
    /// Does something itself.
    Do(Plan),
    /// Cancels the n-th child.
    CancelChild(usize),
    /// Waits for the n-th child.
    Await(usize),
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn random(seed: u64) -> Plan {
        let mut maker = Maker {
            random: SplitMix64(seed),
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

/// Sebastiano Vigna's generator: small, and good enough to choose among plans.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// What is allowed at a place.
#[derive(Clone, Copy)]
struct Surroundings {
    /// Whether it may panic: below a drop, a panic could surface anywhere.
    panics: bool,
    /// Whether it may fail.
    fails: bool,
    /// Whether something may be waited for without an end: it is sure to be cancelled.
    endless: bool,
}

impl Surroundings {
    const ROOT: Surroundings = Surroundings {
        panics: true,
        fails: true,
        endless: false,
    };
}

struct Maker {
    random: SplitMix64,
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
        match self.random.below(20) {
            0..4 => Plan::Then(
                (0..1 + self.count(2))
                    .map(|_| self.plan(below, at))
                    .collect(),
            ),
            4..7 => self.group(below, at),
            7..10 => self.scope(below, at),
            10 | 11 => Plan::Shield(Box::new(self.plan(
                below,
                Surroundings {
                    endless: false,
                    ..at
                },
            ))),
            12..15 => {
                let body = Box::new(self.plan(below, at));
                Plan::Finally(body, Box::new(self.clean_up(below)))
            }
            15 => Plan::Race(self.members(below, at)),
            16 => Plan::Gather(self.members(below, at)),
            17 => {
                let at = Surroundings {
                    panics: false,
                    ..at
                };
                Plan::TryGather((0..self.count(3)).map(|_| self.plan(below, at)).collect())
            }
            18 => {
                let inside = Surroundings {
                    panics: false,
                    fails: at.fails,
                    endless: true,
                };
                Plan::Drop(self.count(8), Box::new(self.plan(below, inside)))
            }
            _ => {
                let at = Surroundings { fails: true, ..at };
                Plan::Catch(Box::new(self.plan(below, at)))
            }
        }
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
        let at = Surroundings {
            panics: at.panics && !abortable,
            endless: at.endless || limit.is_some(),
            ..at
        };
        Plan::Scope {
            limit,
            abortable,
            body: Box::new(self.plan(depth, at)),
        }
    }

    /// What a clean-up does: it neither fails nor panics.
    fn clean_up(&mut self, depth: u32) -> Plan {
        self.plan(
            depth.min(2),
            Surroundings {
                panics: false,
                fails: false,
                endless: false,
            },
        )
    }

    fn members(&mut self, depth: u32, at: Surroundings) -> Vec<Plan> {
        let at = Surroundings { fails: true, ..at };
        (0..1 + self.count(2))
            .map(|_| self.plan(depth, at))
            .collect()
    }

    fn group(&mut self, depth: u32, at: Surroundings) -> Plan {
        let children = if self.chance(4) {
            Children::Borrowing
        } else {
            Children::Tasks
        };
        let cancelled = self.chance(3);
        let inside = Surroundings {
            endless: at.endless || cancelled,
            ..at
        };
        let mut steps = Vec::new();
        for _ in 0..1 + self.count(5) {
            steps.push(match self.random.below(12) {
                0..5 => Step::Spawn(self.plan(depth, inside)),
                5 => Step::SpawnTwice(
                    self.plan(depth.min(2), inside),
                    self.plan(depth.min(2), inside),
                ),
                6 if matches!(children, Children::Tasks) => {
                    // What comes before `started` may fail there, which the group does not hear of.
                    let before = Surroundings {
                        endless: false,
                        panics: false,
                        ..inside
                    };
                    Step::Start(
                        self.plan(depth.min(2), before),
                        self.plan(depth.min(3), inside),
                    )
                }
                7 if !cancelled => Step::Await(self.count(4)),
                8 => Step::CancelChild(self.count(4)),
                9 | 10 => Step::Do(self.plan(
                    depth,
                    Surroundings {
                        endless: at.endless,
                        ..at
                    },
                )),
                _ => Step::Do(Plan::Checkpoint(2)),
            });
        }
        Plan::Group {
            children,
            keep_going: self.chance(5),
            steps,
            cancelled,
        }
    }
}
