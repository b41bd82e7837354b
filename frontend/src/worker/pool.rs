//! The page's side of the workers: requests to the core worker, the pool of key workers, restarts of stopped workers.

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

/// The maximum number of key workers, whatever the number of cores.
const MAX_KEY_WORKERS: usize = 8;

/// The workers, and what the page needs to restart them.
pub struct Pool {
    pub(super) dispatch: Box<dyn Fn(Action)>,
    pub(super) core: RefCell<Rc<CoreConnection>>,
    /// Started with a plan and stopped once its keys exist, so that keys stay in as few places as possible.
    pub(super) key_workers: RefCell<Vec<Option<Rc<KeyConnection>>>>,
    pub(super) files: RefCell<BTreeMap<FileId, Loaded>>,
    /// Removed files that undo can restore, the newest last.
    pub(super) removed: RefCell<VecDeque<Vec<Loaded>>>,
    pub(super) next_file: Cell<u32>,
    /// The number of inspections without a reply.
    pub(super) inspecting: Cell<u32>,
    /// The phase whose progress is shown (inner `None`: the latest phase started); checked again when the files change.
    pub(super) checking: Cell<Option<Option<u8>>>,
    /// The platform that the person chose; `None` to detect it from the files.
    pub(super) platform: Cell<Option<&'static str>>,
    /// Is a restarted core worker reading the loaded files again?
    pub(super) reviving: Cell<bool>,
    /// Counts builds and their ends: tasks of another number stop.
    pub(super) run: Cell<u32>,
    pub(super) deaths: Cell<u32>,
    /// The next request to plan, and its number.
    pub(super) wanted: RefCell<Option<(u32, RotationRequest)>>,
    /// Is a plan being made?
    pub(super) planning: Cell<bool>,
    /// Does the core worker's code run on the page's own thread?
    pub(super) on_page: Cell<bool>,
    /// Counts requests to plan: only the result of the last one is reported.
    pub(super) plans: Cell<u32>,
    /// The start of key generation, in milliseconds of the browser's clock, and its progress.
    pub(super) key_timing: Cell<(f64, KeyTiming)>,
    /// Counts wipes: results of earlier work are not reported after one.
    pub(super) wiped: Cell<u32>,
    pub(super) download: RefCell<Option<Download>>,
    /// The collect script or the saved options, once downloaded.
    pub(super) script: RefCell<Option<Download>>,
}

/// A file that the core worker has loaded, and what a restarted worker needs to load it again.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) ticket: FileTicket,
    pub(super) blob: Option<Blob>,
    /// In bytes, as the core worker measured it: reading `Blob.size` on the page would block its thread.
    pub(super) size: u64,
}

impl Pool {
    /// Starts the core worker. Every event is passed to `dispatch`.
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

    /// Deletes everything: terminates the workers, which frees their memory.
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
        // Terminating a worker frees its memory; a handler on the page needs this request. The reply is not awaited.
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

    /// Sends a request, and calls `then` with the reply. A stop of the worker is reported elsewhere.
    pub(super) fn ask(self: &Rc<Self>, ask: Ask, then: impl FnOnce(&Rc<Self>, Reply, Option<Blob>) + 'static) {
        let answer = self.core.borrow().ask(ask, Vec::new());
        let pool = Rc::clone(self);
        ports::spawn(async move {
            if let Ok((reply, blob)) = answer.await {
                then(&pool, reply, blob);
            }
        });
    }

    /// Restarts the core worker with the loaded files. Gives up if they stop the new worker as well.
    fn core_died(self: &Rc<Self>, died: Died) {
        self.forget_plan();
        self.run.set(self.run.get().wrapping_add(1));
        self.key_workers.take();
        // The check itself may have stopped the worker: the person can request it again.
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

    /// Stops the key workers, and makes the core worker discard their keys.
    pub(super) fn end_run(&self) {
        self.next_run();
        self.key_workers.take();
        // The reply is not awaited: the core worker answers requests in order.
        drop(self.core.borrow().ask(Ask::Cancel, Vec::new()));
    }

    /// Starts the key workers that `keys` keys can use.
    pub(super) fn start_key_workers(&self, keys: usize) {
        for lane in 0..key_worker_count().min(keys) {
            self.lane(lane);
        }
    }

    /// The key worker of a lane; starts one if there is none.
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

/// Starts a core worker that reports its start and its end to `pool`.
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

/// The number of key workers.
pub(super) fn key_worker_count() -> usize {
    workers::parallelism().min(MAX_KEY_WORKERS)
}
