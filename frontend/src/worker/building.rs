//! Requests that plan, predict, generate keys and build the package.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use airlock_core::{plan::request::RotationRequest, x509::KeyAlgorithm};

use super::{
    pool::{Pool, key_worker_count},
    protocol::{Ask, KeyTicket, Reply},
};
use crate::{
    ports,
    state::{Action, Job, Outcome, chart::Chart, key_timing::KeyTiming, notice::Alert},
};

/// The number of key workers that may stop in one build before it is cancelled.
const MAX_DEATHS: u32 = 3;

impl Pool {
    /// Plans as soon as the core worker is free. Of several pending requests only the last one is sent and reported.
    pub fn plan_ahead(self: &Rc<Self>, request: RotationRequest) {
        let number = self.next_plan();
        self.wanted.replace(Some((number, request)));
        if self.planning.replace(true) {
            return;
        }
        let pool = Rc::clone(self);
        ports::spawn(async move {
            // Input during this wait replaces the request.
            ports::scheduling::turn().await;
            while let Some((number, request)) = pool.wanted.take() {
                let answer = pool.core.borrow().ask(Ask::Plan { request, now: ports::now() }, Vec::new());
                // The stop was reported.
                let Ok((reply, _)) = answer.await else { continue };
                if pool.plans.get() != number {
                    continue;
                }
                match reply {
                    Reply::Plan(plan) => {
                        pool.start_key_workers(plan.keys.len());
                        pool.tell(Action::Planned(Outcome::Plan(plan.into())));
                        pool.predict(number).await;
                    }
                    Reply::Refused(findings) => pool.tell(Action::Planned(Outcome::Refused(findings.into()))),
                    other => pool.unexpected(other),
                }
            }
            pool.planning.set(false);
        });
    }

    /// Predicts what the plan of that number would break. Not on the page's own thread, which it would block.
    async fn predict(self: &Rc<Self>, number: u32) {
        if self.on_page.get() || self.wanted.borrow().is_some() {
            return;
        }
        self.tell(Action::Predicting);
        let answer = self.core.borrow().ask(Ask::Predict, Vec::new());
        // The stop was reported.
        let Ok((reply, _)) = answer.await else { return };
        if self.plans.get() == number {
            match reply {
                Reply::Predicted(broken) => {
                    let broken = broken.map(|(finding, matrix)| (finding, Chart::of(matrix, false).into()));
                    self.tell(Action::Prediction(broken));
                }
                other => self.unexpected(other),
            }
        }
    }

    /// Drops the pending request to plan; the result of one in progress is not reported.
    pub fn forget_plan(&self) {
        self.next_plan();
        self.wanted.take();
    }

    fn next_plan(&self) -> u32 {
        self.plans.set(self.plans.get().wrapping_add(1));
        self.plans.get()
    }

    /// Plans, then builds the package.
    pub fn plan_and_make(self: &Rc<Self>, request: RotationRequest) {
        let accept_outage = request.accept_outage;
        self.forget_plan();
        self.tell(Action::Began(Job::Planning));
        self.ask(Ask::Plan { request, now: ports::now() }, move |pool, reply, _| match reply {
            Reply::Plan(plan) => {
                pool.start_key_workers(plan.keys.len());
                let algorithms: Vec<_> = plan.keys.iter().map(|key| key.algorithm).collect();
                pool.tell(Action::Planned(Outcome::Plan(plan.into())));
                pool.make(&algorithms, accept_outage);
            }
            Reply::Refused(findings) => pool.tell(Action::Planned(Outcome::Refused(findings.into()))),
            other => pool.unexpected(other),
        });
    }

    /// Generates the plan's keys, then certificates and package. `accept_outage`: as in the plan's request.
    pub fn make(self: &Rc<Self>, algorithms: &[KeyAlgorithm], accept_outage: bool) {
        let run = self.next_run();
        let total = algorithms.len();
        self.deaths.set(0);
        self.tell(Action::Began(Job::Making { done: 0, total }));
        self.ask(Ask::Make { run }, move |pool, reply, _| {
            if pool.run.get() == run {
                pool.key_workers.take();
                match reply {
                    Reply::Package(mut package, authorities) => {
                        let chart = Chart::of(std::mem::take(&mut package.matrix), accept_outage);
                        pool.tell(Action::Made(package.into(), authorities.into(), chart.into()));
                    }
                    Reply::Broken(finding, matrix) => {
                        pool.tell(Action::NotBuilt([finding].into(), Chart::of(matrix, accept_outage).into()));
                    }
                    Reply::Refused(findings) => pool.tell(Action::NotBuilt(findings.into(), Rc::default())),
                    other => pool.unexpected(other),
                }
            }
        });
        self.start_key_workers(total);
        self.key_timing.set((ports::clock(), KeyTiming::of(algorithms)));
        let tickets = algorithms.iter().enumerate().map(|(index, &algorithm)| KeyTicket { run, index, algorithm });
        let queue = Rc::new(RefCell::new(tickets.collect::<VecDeque<_>>()));
        for lane in 0..key_worker_count().min(total) {
            ports::spawn(make_keys(Rc::clone(self), lane, run, Rc::clone(&queue)));
        }
    }

    /// Cancels the build: terminates the key workers.
    pub fn cancel(self: &Rc<Self>) {
        self.end_run();
        self.tell(Action::Cancelled);
    }

    /// After each key, estimates and reports the remaining time.
    pub(super) fn tell_time_left(&self, made: KeyAlgorithm) {
        let (since, mut key_timing) = self.key_timing.get();
        key_timing.made(made);
        self.key_timing.set((since, key_timing));
        if let Some(seconds) = key_timing.left(ports::clock() - since) {
            self.tell(Action::TimeLeft(seconds));
        }
    }
}

/// Generates the keys of `queue` in one lane until the queue is empty or the build ends.
async fn make_keys(pool: Rc<Pool>, lane: usize, run: u32, queue: Rc<RefCell<VecDeque<KeyTicket>>>) {
    while pool.run.get() == run {
        let next = queue.borrow_mut().pop_front();
        let Some(ticket) = next else { return };
        let made = pool.lane(lane).make(ticket).await;
        if pool.run.get() != run {
            return;
        }
        match made {
            Ok(()) => {
                pool.tell(Action::KeyMade);
                pool.tell_time_left(ticket.algorithm);
            }
            Err(died) => {
                pool.deaths.set(pool.deaths.get() + 1);
                if pool.deaths.get() >= MAX_DEATHS {
                    pool.end_run();
                    pool.tell(Action::Failed(Alert::KeysGivenUp(died.location)));
                    return;
                }
                pool.key_workers.borrow_mut()[lane] = None;
                queue.borrow_mut().push_front(ticket);
                pool.tell(Action::KeyWorkerDied(died.location));
            }
        }
    }
}
