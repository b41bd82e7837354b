//! Connections from the page to its workers. Each queues messages until the worker is ready, reports when it stops, and
//! runs the worker's code on the page if the browser starts no workers.

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
    scheduling,
    workers::{self, Thread},
};

/// The worker stopped before it replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Died {
    /// Source file and line of the panic; empty if the browser terminated the worker.
    pub location: String,
}

/// An event of a connection.
enum Event<T> {
    /// The worker is ready; on the page if none could be started.
    Ready {
        on_page: bool,
    },
    Says(T, Vec<Attachment>),
    Died(Died),
}

/// The other end: a worker, or the same code on the page.
enum Peer {
    Thread(Thread),
    Page(Endpoint),
}

/// A connection to a worker that sends `T`. Dropping it terminates the worker.
struct Connection<T> {
    role: Role,
    peer: RefCell<Option<Peer>>,
    ready: Cell<bool>,
    outbox: RefCell<Vec<(String, Vec<Attachment>)>>,
    on_event: Box<dyn Fn(Event<T>)>,
}

impl<T: DeserializeOwned + 'static> Connection<T> {
    fn open(role: Role, on_event: impl Fn(Event<T>) + 'static) -> Rc<Self> {
        let connection = Rc::new(Self {
            role,
            peer: RefCell::default(),
            ready: Cell::default(),
            outbox: RefCell::default(),
            on_event: Box::new(on_event),
        });
        let weak = Rc::downgrade(&connection);
        let on_error = move || {
            if let Some(connection) = weak.upgrade() {
                connection.failed(String::new());
            }
        };
        match Thread::start(role, on_error) {
            Ok(thread) => {
                connection.listen(&thread.endpoint());
                connection.peer.replace(Some(Peer::Thread(thread)));
            }
            Err(_) => connection.move_to_page(),
        }
        connection
    }

    fn send(&self, message: &impl Serialize, attachments: Vec<Attachment>) {
        self.outbox.borrow_mut().push((json(message), attachments));
        if self.ready.get() {
            self.flush();
        }
    }

    fn flush(&self) {
        let endpoint = match &*self.peer.borrow() {
            Some(Peer::Page(endpoint)) => endpoint.clone(),
            Some(Peer::Thread(thread)) => thread.endpoint(),
            None => return,
        };
        for (json, attachments) in self.outbox.take() {
            endpoint.post_json(&json, &attachments);
        }
    }

    fn listen(self: &Rc<Self>, endpoint: &Endpoint) {
        let weak = Rc::downgrade(self);
        endpoint.listen(move |message: FromWorker<T>, attachments| {
            let Some(connection) = weak.upgrade() else { return };
            match message {
                FromWorker::Ready => {
                    connection.ready.set(true);
                    connection.flush();
                    let on_page = matches!(*connection.peer.borrow(), Some(Peer::Page(_)));
                    (connection.on_event)(Event::Ready { on_page });
                }
                FromWorker::Says(said) => (connection.on_event)(Event::Says(said, attachments)),
                FromWorker::Panicked { location } => connection.failed(location),
            }
        });
    }

    /// The worker stopped. One that was never ready was not allowed to run: its code runs on the page instead.
    fn failed(self: &Rc<Self>, location: String) {
        if self.ready.get() {
            if self.peer.take().is_some() {
                (self.on_event)(Event::Died(Died { location }));
            }
        } else {
            self.move_to_page();
        }
    }

    fn move_to_page(self: &Rc<Self>) {
        let (ours, theirs) = workers::channel();
        let ours = Endpoint::port(ours);
        self.listen(&ours);
        self.peer.replace(Some(Peer::Page(ours)));
        serve::serve(self.role, Endpoint::port(theirs));
    }
}

/// An event of the core worker.
pub enum CoreEvent {
    /// The worker is ready; on the page if none could be started.
    Ready {
        /// Does it run on the page?
        on_page: bool,
    },
    /// It stopped.
    Died(Died),
}

/// Files in one message: for each, Chromium blocks the page until it knows the file's size.
const PARCEL: usize = 64;

/// The connection to the core worker: requests and replies.
pub struct CoreConnection {
    connection: Rc<Connection<FromCore>>,
    waiting: RefCell<BTreeMap<u32, Answerer>>,
    next: Cell<u32>,
}

type Answerer = oneshot::Sender<Result<(Reply, Option<Blob>), Died>>;

impl CoreConnection {
    /// Starts the core worker.
    pub fn start(on_event: impl Fn(CoreEvent) + 'static) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let connection = Connection::open(Role::Core, move |event| match event {
                Event::Ready { on_page } => on_event(CoreEvent::Ready { on_page }),
                Event::Says(FromCore { id, reply }, attachments) => {
                    let answerer = this.upgrade().and_then(|this| this.waiting.borrow_mut().remove(&id));
                    if let Some(answerer) = answerer {
                        // The receiver may have been dropped.
                        let _ = answerer.send(Ok((reply, attachments.into_iter().find_map(Attachment::into_blob))));
                    }
                }
                Event::Died(died) => {
                    let waiting = this.upgrade().map(|this| this.waiting.take()).unwrap_or_default();
                    on_event(CoreEvent::Died(died.clone()));
                    for answerer in waiting.into_values() {
                        let _ = answerer.send(Err(died.clone()));
                    }
                }
            });
            Self { connection, waiting: RefCell::default(), next: Cell::default() }
        })
    }

    /// Sends a request, and waits for the reply.
    ///
    /// # Errors
    ///
    /// If the worker stops first.
    pub fn ask(
        &self,
        ask: Ask,
        attachments: Vec<Attachment>,
    ) -> impl Future<Output = Result<(Reply, Option<Blob>), Died>> + use<> {
        self.ask_as(self.number(), ask, attachments)
    }

    /// As [`Self::ask`] with many files, which are sent ahead of the request in separate tasks.
    ///
    /// # Errors
    ///
    /// If the worker stops first, or the connection was dropped.
    pub async fn ask_of_files(
        connection: Weak<Self>,
        ask: Ask,
        mut files: Vec<Attachment>,
    ) -> Result<(Reply, Option<Blob>), Died> {
        let connection = || connection.upgrade().ok_or_else(|| Died { location: String::new() });
        let id = connection()?.number();
        while files.len() > PARCEL {
            let rest = files.split_off(PARCEL);
            connection()?.connection.send(&ToCore::Ahead { id }, files);
            files = rest;
            scheduling::task().await;
        }
        let answer = connection()?.ask_as(id, ask, files);
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
        self.connection.send(&ToCore::Ask { id, ask }, attachments);
        async { answer.await.unwrap_or_else(|_| Err(Died { location: String::new() })) }
    }
}

/// The connection to a key worker, which generates one key at a time.
pub struct KeyConnection {
    connection: Rc<Connection<KeyTicket>>,
    waiting: RefCell<Option<oneshot::Sender<Result<(), Died>>>>,
}

impl KeyConnection {
    /// Starts a key worker that sends its keys to `core`.
    pub fn start(core: &CoreConnection) -> Rc<Self> {
        let (keys_out, keys_in) = workers::channel();
        core.connection.send(&ToCore::KeyPort, vec![Attachment::Port(keys_in)]);
        let this = Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let connection = Connection::open(Role::Key, move |event| {
                let answer = match event {
                    Event::Ready { .. } => return,
                    Event::Says(..) => Ok(()),
                    Event::Died(died) => Err(died),
                };
                if let Some(answerer) = this.upgrade().and_then(|this| this.waiting.take()) {
                    // The receiver may have been dropped.
                    let _ = answerer.send(answer);
                }
            });
            Self { connection, waiting: RefCell::default() }
        });
        this.connection.send(&ToKey::CorePort, vec![Attachment::Port(keys_out)]);
        this
    }

    /// Generates a key, which the worker sends to the core worker.
    ///
    /// # Errors
    ///
    /// If the worker stops first, or is terminated.
    pub async fn make(&self, ticket: KeyTicket) -> Result<(), Died> {
        let (answerer, answer) = oneshot::channel();
        self.waiting.replace(Some(answerer));
        self.connection.send(&ToKey::Make(ticket), Vec::new());
        answer.await.unwrap_or_else(|_| Err(Died { location: String::new() }))
    }
}
