//! Lines from the page to its guests: each waits until the guest listens, tells of its death, and
//! puts the guest on the page where the browser starts no workers.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use futures_channel::oneshot;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    protocol::{Ask, FromCore, FromWorker, KeyTicket, Reply, Role, ToCore, ToKey},
    serve,
};
use crate::ports::{
    endpoint::{Attachment, Endpoint, json},
    files::Blob,
    turns,
    workers::{self, Thread},
};

/// The worker died before it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Died {
    /// Source file and line of the bug; empty where the browser ended the worker.
    pub location: String,
}

/// What a line tells about its guest.
enum Event<T> {
    /// It listens; on the page, if no worker could be started.
    Ready {
        on_page: bool,
    },
    Says(T, Vec<Attachment>),
    Died(Died),
}

/// A guest in its worker, or on the page.
enum Guest {
    Thread(Thread),
    Page(Endpoint),
}

/// A line to a guest that says `T`. Dropping it ends the guest's worker.
struct Line<T> {
    role: Role,
    guest: RefCell<Option<Guest>>,
    ready: Cell<bool>,
    outbox: RefCell<Vec<(String, Vec<Attachment>)>>,
    hear: Box<dyn Fn(Event<T>)>,
}

impl<T: DeserializeOwned + 'static> Line<T> {
    fn open(role: Role, hear: impl Fn(Event<T>) + 'static) -> Rc<Self> {
        let line = Rc::new(Self {
            role,
            guest: RefCell::default(),
            ready: Cell::default(),
            outbox: RefCell::default(),
            hear: Box::new(hear),
        });
        let weak = Rc::downgrade(&line);
        let on_error = move || {
            if let Some(line) = weak.upgrade() {
                line.failed(String::new());
            }
        };
        match Thread::start(role, on_error) {
            Ok(thread) => {
                line.listen(&thread.endpoint());
                line.guest.replace(Some(Guest::Thread(thread)));
            }
            Err(_) => line.move_to_page(),
        }
        line
    }

    fn send(&self, message: &impl Serialize, attachments: Vec<Attachment>) {
        self.outbox.borrow_mut().push((json(message), attachments));
        if self.ready.get() {
            self.flush();
        }
    }

    fn flush(&self) {
        let endpoint = match &*self.guest.borrow() {
            Some(Guest::Page(endpoint)) => endpoint.clone(),
            Some(Guest::Thread(thread)) => thread.endpoint(),
            None => return,
        };
        for (json, attachments) in self.outbox.take() {
            endpoint.post_json(&json, &attachments);
        }
    }

    fn listen(self: &Rc<Self>, endpoint: &Endpoint) {
        let weak = Rc::downgrade(self);
        endpoint.listen(move |message: FromWorker<T>, attachments| {
            let Some(line) = weak.upgrade() else { return };
            match message {
                FromWorker::Ready => {
                    line.ready.set(true);
                    line.flush();
                    let on_page = matches!(*line.guest.borrow(), Some(Guest::Page(_)));
                    (line.hear)(Event::Ready { on_page });
                }
                FromWorker::Says(said) => (line.hear)(Event::Says(said, attachments)),
                FromWorker::Panicked { location } => line.failed(location),
            }
        });
    }

    /// The worker stopped. One that never listened was not let run: its guest moves to the page.
    fn failed(self: &Rc<Self>, location: String) {
        if self.ready.get() {
            if self.guest.take().is_some() {
                (self.hear)(Event::Died(Died { location }));
            }
        } else {
            self.move_to_page();
        }
    }

    fn move_to_page(self: &Rc<Self>) {
        let (ours, theirs) = workers::channel();
        let ours = Endpoint::port(ours);
        self.listen(&ours);
        self.guest.replace(Some(Guest::Page(ours)));
        serve::serve(self.role, Endpoint::port(theirs));
    }
}

/// What a [`CoreLine`] tells about the core guest.
pub enum CoreEvent {
    /// It listens; on the page, if no worker could be started.
    Ready {
        /// Is it on the page?
        on_page: bool,
    },
    /// It died.
    Died(Died),
}

/// So many files are handed over at once: for each, Chromium has the page wait until it knows how large the file is.
const PARCEL: usize = 64;

/// The line to the core guest: questions and their answers.
pub struct CoreLine {
    line: Rc<Line<FromCore>>,
    waiting: RefCell<BTreeMap<u32, Answerer>>,
    next: Cell<u32>,
}

type Answerer = oneshot::Sender<Result<(Reply, Option<Blob>), Died>>;

impl CoreLine {
    /// Starts the core guest.
    pub fn start(hear: impl Fn(CoreEvent) + 'static) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let line = Line::open(Role::Core, move |event| match event {
                Event::Ready { on_page } => hear(CoreEvent::Ready { on_page }),
                Event::Says(FromCore { id, reply }, attachments) => {
                    let answerer = this.upgrade().and_then(|this| this.waiting.borrow_mut().remove(&id));
                    if let Some(answerer) = answerer {
                        // Whoever asked may have lost interest.
                        let _ = answerer.send(Ok((reply, attachments.into_iter().find_map(Attachment::into_blob))));
                    }
                }
                Event::Died(died) => {
                    let waiting = this.upgrade().map(|this| this.waiting.take()).unwrap_or_default();
                    hear(CoreEvent::Died(died.clone()));
                    for answerer in waiting.into_values() {
                        let _ = answerer.send(Err(died.clone()));
                    }
                }
            });
            Self { line, waiting: RefCell::default(), next: Cell::default() }
        })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    ///
    /// If the guest dies first.
    pub fn ask(
        &self,
        ask: Ask,
        attachments: Vec<Attachment>,
    ) -> impl Future<Output = Result<(Reply, Option<Blob>), Died>> + use<> {
        self.ask_as(self.number(), ask, attachments)
    }

    /// As [`Self::ask`], with files that may be many: they are handed over in tasks of their own, ahead of the question.
    ///
    /// # Errors
    ///
    /// If the guest dies first, or nobody has the line any more.
    pub async fn ask_of_files(
        line: Weak<Self>,
        ask: Ask,
        mut files: Vec<Attachment>,
    ) -> Result<(Reply, Option<Blob>), Died> {
        let line = || line.upgrade().ok_or_else(|| Died { location: String::new() });
        let id = line()?.number();
        while files.len() > PARCEL {
            let rest = files.split_off(PARCEL);
            line()?.line.send(&ToCore::Ahead { id }, files);
            files = rest;
            turns::task().await;
        }
        let answer = line()?.ask_as(id, ask, files);
        answer.await
    }

    fn number(&self) -> u32 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        id
    }

    fn ask_as(
        &self,
        id: u32,
        ask: Ask,
        attachments: Vec<Attachment>,
    ) -> impl Future<Output = Result<(Reply, Option<Blob>), Died>> + use<> {
        let (answerer, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, answerer);
        self.line.send(&ToCore::Ask { id, ask }, attachments);
        async { answer.await.unwrap_or_else(|_| Err(Died { location: String::new() })) }
    }
}

/// The line to a key guest, which makes one key at a time.
pub struct KeyLine {
    line: Rc<Line<KeyTicket>>,
    waiting: RefCell<Option<oneshot::Sender<Result<(), Died>>>>,
}

impl KeyLine {
    /// Starts a key guest whose keys go to `core`.
    pub fn start(core: &CoreLine) -> Rc<Self> {
        let (keys_out, keys_in) = workers::channel();
        core.line.send(&ToCore::KeyPort, vec![Attachment::Port(keys_in)]);
        let this = Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let line = Line::open(Role::Key, move |event| {
                let answer = match event {
                    Event::Ready { .. } => return,
                    Event::Says(..) => Ok(()),
                    Event::Died(died) => Err(died),
                };
                if let Some(answerer) = this.upgrade().and_then(|this| this.waiting.take()) {
                    // Whoever asked may have lost interest.
                    let _ = answerer.send(answer);
                }
            });
            Self { line, waiting: RefCell::default() }
        });
        this.line.send(&ToKey::CorePort, vec![Attachment::Port(keys_out)]);
        this
    }

    /// Has a key made and sent to the core guest.
    ///
    /// # Errors
    ///
    /// If the guest dies first, or is ended.
    pub async fn make(&self, ticket: KeyTicket) -> Result<(), Died> {
        let (answerer, answer) = oneshot::channel();
        self.waiting.replace(Some(answerer));
        self.line.send(&ToKey::Make(ticket), Vec::new());
        answer.await.unwrap_or_else(|_| Err(Died { location: String::new() }))
    }
}
