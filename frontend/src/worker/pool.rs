//! The page's side of the work: asks the core guest, spreads keys over the pool, and puts a new worker where one died.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use airlock_core::plan::request::RotationRequest;

use super::{
    protocol::{Ask, FileTicket, Reply},
    rpc::{CoreConnection, CoreEvent, Died, KeyConnection},
};
use crate::{
    ports::{
        self,
        files::{Blob, Download},
        workers,
    },
    state::{Action, LoadedFile, Workplace, key_timing::KeyTiming, notice::Alert, work::FileId},
};

/// No more key workers than this, however many cores there are.
const MAX_KEY_WORKERS: usize = 8;

/// The page's side of the work.
pub struct Pool {
    pub(super) dispatch: Box<dyn Fn(Action)>,
    pub(super) core: RefCell<Rc<CoreConnection>>,
    /// Filled when a plan is there, emptied when the keys are made: keys stay in as few places as possible.
    pub(super) key_workers: RefCell<Vec<Option<Rc<KeyConnection>>>>,
    pub(super) files: RefCell<BTreeMap<FileId, Loaded>>,
    /// Files that were removed, and could be brought back, the last ones at the end.
    pub(super) removed: RefCell<VecDeque<Vec<Loaded>>>,
    pub(super) next_file: Cell<u32>,
    /// Inspections that are not answered yet.
    pub(super) inspecting: Cell<u32>,
    /// The phase that the person asked about, to be asked about again whenever the files change.
    pub(super) checking: Cell<Option<Option<u8>>>,
    /// The platform that the person says; `None` to have it told from the files.
    pub(super) platform: Cell<Option<&'static str>>,
    /// Is a new core guest taking up the files of a dead one?
    pub(super) reviving: Cell<bool>,
    /// Counts runs and their ends: whoever works for another number stops.
    pub(super) run: Cell<u32>,
    pub(super) deaths: Cell<u32>,
    /// The choices that are to be planned with next, under their number.
    pub(super) wanted: RefCell<Option<(u32, RotationRequest)>>,
    /// Is a plan on its way?
    pub(super) planning: Cell<bool>,
    /// Does the core guest live on the page's own thread?
    pub(super) on_page: Cell<bool>,
    /// Counts what is wanted: the page is told of the last one alone.
    pub(super) plans: Cell<u32>,
    /// When this run's keys were begun, in milliseconds of the browser's clock, and how far they are.
    pub(super) key_timing: Cell<(f64, KeyTiming)>,
    /// Counts wipes: what was begun before one is not told of after it.
    pub(super) wiped: Cell<u32>,
    pub(super) download: RefCell<Option<Download>>,
    /// The script that collects files, once it was downloaded.
    pub(super) script: RefCell<Option<Download>>,
}

/// A file that the core guest has, and what it takes to give it to the next one.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) ticket: FileTicket,
    pub(super) blob: Option<Blob>,
    /// As the core guest found it: a page that asks the browser waits for the answer. Bytes.
    pub(super) size: u64,
}

impl Pool {
    /// Starts the core guest. What happens is told to `dispatch`.
    pub fn start(dispatch: impl Fn(Action) + 'static) -> Rc<Self> {
        Rc::new_cyclic(|pool| {
            let pool = pool.clone();
            Self {
                dispatch: Box::new(dispatch),
                core: RefCell::new(start_core(pool)),
                key_workers: RefCell::default(),
                files: RefCell::default(),
                removed: RefCell::default(),
                next_file: Cell::default(),
                inspecting: Cell::default(),
                checking: Cell::default(),
                platform: Cell::default(),
                reviving: Cell::default(),
                run: Cell::default(),
                deaths: Cell::default(),
                wanted: RefCell::default(),
                planning: Cell::default(),
                on_page: Cell::default(),
                plans: Cell::default(),
                key_timing: Cell::default(),
                wiped: Cell::default(),
                download: RefCell::default(),
                script: RefCell::default(),
            }
        })
    }

    /// Forgets everything: the workers end, and their memory with them.
    pub fn wipe(self: &Rc<Self>) {
        self.next_run();
        self.forget_plan();
        self.wiped.set(self.wiped.get().wrapping_add(1));
        self.key_workers.take();
        self.files.take();
        self.removed.take();
        self.download.take();
        self.checking.take();
        self.platform.take();
        // A worker ends with all that it has; a guest on the page has to be told. Nobody waits for the answer.
        drop(self.core.borrow().ask(Ask::Wipe, Vec::new()));
        self.core.replace(start_core(Rc::downgrade(self)));
        self.tell(Action::Wiped);
    }

    pub(super) fn tell(&self, action: Action) {
        (self.dispatch)(action);
    }

    pub(super) fn unexpected(&self, reply: Reply) {
        self.tell(match reply {
            Reply::Cancelled => Action::Cancelled,
            Reply::Failed(reason) => Action::Failed(Alert::Said(reason)),
            _ => Action::Failed(Alert::NoAnswer),
        });
    }

    /// Asks, and goes on with the answer. If the guest dies there is none: its death was told.
    pub(super) fn ask(self: &Rc<Self>, ask: Ask, then: impl FnOnce(&Rc<Self>, Reply, Option<Blob>) + 'static) {
        let answer = self.core.borrow().ask(ask, Vec::new());
        let pool = Rc::clone(self);
        ports::spawn(async move {
            if let Ok((reply, blob)) = answer.await {
                then(&pool, reply, blob);
            }
        });
    }

    /// A new core guest takes the dead one's place and takes up what that one had, unless it is that which kills it.
    fn core_died(self: &Rc<Self>, died: Died) {
        self.forget_plan();
        self.run.set(self.run.get().wrapping_add(1));
        self.key_workers.take();
        // It may be the check that it died over: the person asks again.
        self.checking.take();
        self.core.replace(start_core(Rc::downgrade(self)));
        if self.reviving.replace(true) {
            self.reviving.set(false);
            self.tell(Action::Failed(Alert::CoreCannotStart));
            return;
        }
        self.tell(Action::CoreDied(died.location));
        let pool = Rc::clone(self);
        ports::spawn(async move {
            let files: Vec<Loaded> = pool.files.borrow().values().cloned().collect();
            if !files.is_empty()
                && let Ok(reply) = pool.inspect(&files, Vec::new()).await
            {
                pool.inspected(reply);
            }
            pool.reviving.set(false);
        });
    }

    pub(super) fn next_run(&self) -> u32 {
        self.run.set(self.run.get().wrapping_add(1));
        self.run.get()
    }

    /// Stops the key workers and has the core guest forget their keys.
    pub(super) fn end_run(&self) {
        self.next_run();
        self.key_workers.take();
        // Nobody waits for the answer: the next question is answered after it.
        drop(self.core.borrow().ask(Ask::Cancel, Vec::new()));
    }

    /// Starts as many key workers as `keys` can be spread over.
    pub(super) fn start_key_workers(&self, keys: usize) {
        for lane in 0..key_worker_count().min(keys) {
            self.lane(lane);
        }
    }

    /// The key worker of a lane, a new one if it has none.
    pub(super) fn lane(&self, lane: usize) -> Rc<KeyConnection> {
        let mut key_workers = self.key_workers.borrow_mut();
        if key_workers.len() <= lane {
            key_workers.resize(lane + 1, None);
        }
        Rc::clone(key_workers[lane].get_or_insert_with(|| KeyConnection::start(&self.core.borrow())))
    }
}

impl Loaded {
    pub(super) fn listed(&self) -> LoadedFile {
        LoadedFile { id: self.ticket.id, path: self.ticket.path.clone(), size: self.size }
    }
}

/// Starts a core guest whose life is told to `host`.
fn start_core(pool: std::rc::Weak<Pool>) -> Rc<CoreConnection> {
    CoreConnection::start(move |event| {
        let Some(pool) = pool.upgrade() else { return };
        match event {
            CoreEvent::Ready { on_page } => {
                pool.on_page.set(on_page);
                pool.tell(Action::Place(if on_page {
                    Workplace::Page
                } else {
                    Workplace::Workers(key_worker_count())
                }));
                pool.test();
            }
            CoreEvent::Died(died) => pool.core_died(died),
        }
    })
}

/// How many key workers there are.
pub(super) fn key_worker_count() -> usize {
    workers::parallelism().min(MAX_KEY_WORKERS)
}
