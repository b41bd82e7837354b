//! Single requests to the core worker: details, previews, commands, the zip, rotation progress, self-tests.

use std::rc::Rc;

use super::{
    pool::Pool,
    protocol::{Ask, Reply},
};
use crate::{
    ports::{
        self, clipboard,
        files::{self, Download},
    },
    state::{Action, Downloaded, Job, contexts::Target, notice::Alert},
};

impl Pool {
    /// Checks whether a phase is complete, now and whenever the files change. `None`: the latest phase started.
    pub fn check(self: &Rc<Self>, phase: Option<u8>) {
        self.checking.set(Some(phase));
        self.tell(Action::CheckAsked(phase));
        self.ask(Ask::Check { phase }, move |pool, reply, _| match reply {
            Reply::Checked(report) => pool.tell(Action::Checked(phase, report.into())),
            other => pool.unexpected(other),
        });
    }

    /// Runs the core worker's self-tests.
    pub(super) fn test(self: &Rc<Self>) {
        self.ask(Ask::Test, |pool, reply, _| match reply {
            Reply::Tested(tested) => pool.tell(Action::Tested(tested)),
            other => pool.unexpected(other),
        });
    }

    /// Fetches all fields of a loaded certificate.
    pub fn details(self: &Rc<Self>, fingerprint: String) {
        self.ask(Ask::Details { fingerprint }, |pool, reply, _| match reply {
            Reply::Details(details) => pool.tell(Action::Detailed(details.into())),
            other => pool.unexpected(other),
        });
    }

    /// Fetches the lines of a file of the package.
    pub fn preview(self: &Rc<Self>, path: String) {
        self.tell(Action::PreviewAsked(path.clone()));
        self.ask(Ask::Preview { path }, |pool, reply, _| match reply {
            Reply::Preview(file) => pool.tell(Action::Previewed(file.into())),
            other => pool.unexpected(other),
        });
    }

    /// Copies the command that applies a file to a cluster. `context`: its kubectl context, empty for the current one.
    /// Call it in the click handler: browsers allow it nowhere else.
    pub fn copy(self: &Rc<Self>, path: String, target: Target, context: String) {
        self.tell(Action::Began(Job::Copying));
        let answer = self.core.borrow().ask(Ask::Command { path: path.clone(), context }, Vec::new());
        let written = clipboard::write(async {
            match answer.await {
                Ok((Reply::Command, Some(blob))) => Ok(blob),
                Ok((Reply::Failed(reason), _)) => Err(reason),
                // The worker did not answer.
                Ok(_) | Err(_) => Err(String::new()),
            }
        });
        let pool = Rc::clone(self);
        ports::spawn(async move {
            pool.tell(match written.await {
                Ok(()) => Action::Copied(path, target),
                Err(reason) => Action::Failed(Alert::NotCopied(reason)),
            });
        });
    }

    /// Copies a text that is not secret. Call it in the click handler: browsers allow it nowhere else.
    pub fn copy_text(self: &Rc<Self>, text: &str) {
        let blob = files::blob(text.as_bytes(), "text/plain");
        let written = clipboard::write(async { Ok(blob) });
        let pool = Rc::clone(self);
        ports::spawn(async move {
            pool.tell(match written.await {
                Ok(()) => Action::TextCopied,
                Err(reason) => Action::Failed(Alert::NotCopied(reason)),
            });
        });
    }

    /// Downloads the zip.
    pub fn download(self: &Rc<Self>) {
        self.tell(Action::Began(Job::Archiving));
        self.ask(Ask::Archive, |pool, reply, blob| match (reply, blob) {
            (Reply::Archive { name, sha256 }, Some(blob)) => match Download::start(&blob, &name) {
                Ok(download) => {
                    pool.download.replace(Some(download));
                    pool.tell(Action::Downloaded(Downloaded { name, sha256 }));
                }
                Err(reason) => pool.tell(Action::Failed(Alert::NotDownloaded(reason))),
            },
            (other, _) => pool.unexpected(other),
        });
    }

    /// Downloads a text that is not secret.
    pub fn download_text(&self, name: &str, text: &str) {
        match Download::start(&files::blob(text.as_bytes(), "text/plain"), name) {
            Ok(download) => drop(self.script.replace(Some(download))),
            Err(reason) => self.tell(Action::Failed(Alert::NotDownloaded(reason))),
        }
    }
}
