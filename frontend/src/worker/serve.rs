//! A worker's message loop: receives requests, reads attached files, replies.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    panic,
    rc::Rc,
};

use airlock_core::Content;

use super::{
    handler::{Answer, Core, make_key},
    protocol::{Ask, FromCore, FromWorker, KeyTicket, Reply, Role, ToCore, ToKey},
};
use crate::ports::{
    self,
    endpoint::{Attachment, Endpoint},
};

/// Serves the requests of a role. `page`: the endpoint that leads to the page.
pub fn serve(role: Role, page: Endpoint) {
    match role {
        Role::Core => CoreServer::start(page),
        Role::Key => serve_keys(page),
    }
}

/// Reports the location of a panic before the worker stops. Not the message, which might quote a file.
pub fn report_panics(page: Endpoint) {
    panic::set_hook(Box::new(move |info| {
        let location = info.location().map_or_else(String::new, ToString::to_string);
        page.post(&FromWorker::<()>::Panicked { location }, &[]);
    }));
}

/// Generates keys, one after the other.
fn serve_keys(page: Endpoint) {
    let mut core = None;
    let answers = page.clone();
    page.listen(move |message: ToKey, attachments| match message {
        ToKey::CorePort => core = attachments.into_iter().find_map(port),
        ToKey::Make(ticket) => {
            let key = make_key(ticket.algorithm);
            if let Some(core) = &core {
                let core: &Endpoint = core;
                core.post(&ticket, &[Attachment::bytes(&key)]);
            }
            answers.post(&FromWorker::Says(ticket), &[]);
        }
    });
    page.post(&FromWorker::<KeyTicket>::Ready, &[]);
}

/// The core worker. Requests are handled in order, although the browser reads files asynchronously.
struct CoreServer {
    page: Endpoint,
    core: RefCell<Core>,
    questions: RefCell<VecDeque<(u32, Ask, Vec<Attachment>)>>,
    /// Files that arrived before their request, by its id.
    ahead: RefCell<BTreeMap<u32, Vec<Attachment>>>,
    reading: RefCell<bool>,
    /// The request that waits for keys.
    making: RefCell<Option<u32>>,
}

impl CoreServer {
    fn start(page: Endpoint) {
        let server = Rc::new(Self {
            page: page.clone(),
            core: RefCell::default(),
            questions: RefCell::default(),
            ahead: RefCell::default(),
            reading: RefCell::default(),
            making: RefCell::default(),
        });
        page.listen(move |message: ToCore, attachments| match message {
            ToCore::Ahead { id } => server.ahead.borrow_mut().entry(id).or_default().extend(attachments),
            ToCore::Ask { id, ask } => {
                let mut all = server.ahead.borrow_mut().remove(&id).unwrap_or_default();
                all.extend(attachments);
                server.questions.borrow_mut().push_back((id, ask, all));
                Rc::clone(&server).work();
            }
            ToCore::KeyPort => {
                for port in attachments.into_iter().filter_map(port) {
                    let server = Rc::clone(&server);
                    port.listen(move |ticket: KeyTicket, attachments| server.key(ticket, attachments));
                }
            }
        });
        page.post(&FromWorker::<FromCore>::Ready, &[]);
    }

    /// Handles queued requests, unless that is already in progress.
    fn work(self: Rc<Self>) {
        if self.reading.replace(true) {
            return;
        }
        ports::spawn(async move {
            loop {
                let next = self.questions.borrow_mut().pop_front();
                let Some((id, ask, attachments)) = next else { break };
                let bodies = bodies(attachments).await;
                self.ask(id, ask, bodies);
            }
            self.reading.replace(false);
        });
    }

    fn ask(&self, id: u32, ask: Ask, bodies: Vec<Content>) {
        match ask {
            // These replace the plan or its build, which ends the wait for its keys.
            Ask::Make { .. } => self.stop_waiting(Some(id)),
            Ask::Cancel | Ask::Inspect { .. } | Ask::Plan { .. } | Ask::Unlock { .. } | Ask::Wipe => {
                self.stop_waiting(None);
            }
            Ask::Archive
            | Ask::Check { .. }
            | Ask::Command { .. }
            | Ask::Details { .. }
            | Ask::Predict
            | Ask::Preview { .. }
            | Ask::Sample { .. }
            | Ask::Test => {}
        }
        let answer = self.core.borrow_mut().answer(ask, bodies);
        if let Some(answer) = answer {
            self.making.borrow_mut().take_if(|waiting| *waiting == id);
            self.send(id, answer);
        }
    }

    fn key(&self, ticket: KeyTicket, attachments: Vec<Attachment>) {
        for bytes in attachments {
            let answer = self.core.borrow_mut().key(ticket.run, ticket.index, &bytes.take_bytes());
            if let Some(answer) = answer
                && let Some(id) = self.making.take()
            {
                self.send(id, answer);
            }
        }
    }

    fn stop_waiting(&self, next: Option<u32>) {
        if let Some(id) = self.making.replace(next) {
            self.send(id, Reply::Cancelled.into());
        }
    }

    fn send(&self, id: u32, answer: Answer) {
        let media_type = if answer.reply == Reply::Command { "text/plain" } else { "application/zip" };
        let blob = answer.bytes.as_deref().map(|bytes| Attachment::Blob(ports::files::blob(bytes, media_type)));
        self.page.post(&FromWorker::Says(FromCore { id, reply: answer.reply }), blob.as_slice());
    }
}

/// The contents of a request's attachments: files, which are read here, or bytes.
async fn bodies(attachments: Vec<Attachment>) -> Vec<Content> {
    let (mut blobs, mut bytes) = (Vec::new(), Vec::new());
    for attachment in attachments {
        match attachment {
            Attachment::Blob(blob) => blobs.push(blob),
            Attachment::Bytes(_) => bytes.push(Content::Bytes(attachment.take_bytes().into())),
            Attachment::Port(_) => {}
        }
    }
    let mut bodies = ports::files::read(&blobs).await;
    bodies.append(&mut bytes);
    bodies
}

fn port(attachment: Attachment) -> Option<Endpoint> {
    match attachment {
        Attachment::Port(port) => Some(Endpoint::port(port)),
        Attachment::Blob(_) | Attachment::Bytes(_) => None,
    }
}
