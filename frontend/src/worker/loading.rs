//! Requests that add and remove files, saved options and samples, and inspect the result.

use std::{collections::BTreeSet, rc::Rc};

use airlock_core::{Content, UnixTime, sample};

use super::{
    pool::{Loaded, Pool},
    protocol::{Ask, FileBody, FileTicket, Reply},
    rpc::{CoreConnection, Died},
};
use crate::{
    ports::{
        self,
        endpoint::Attachment,
        files::{self, MAX_FILES, PickedFile},
        password::Typed,
    },
    state::{Action, Job, notice::Alert, session, undo::MAX_UNDOS, work::FileId},
};

impl Pool {
    /// Loads the files that a search finds.
    pub fn load_when_found(self: &Rc<Self>, search: impl Future<Output = Vec<PickedFile>> + 'static) {
        self.tell(Action::Began(Job::Inspecting));
        let pool = Rc::clone(self);
        ports::spawn(async move {
            let found = search.await;
            if found.is_empty() {
                pool.tell(Action::NothingFound);
            }
            pool.load(found);
        });
    }

    /// Adds files and inspects all. Returns their unique paths. A file of saved options is
    /// applied instead.
    pub fn load(self: &Rc<Self>, picked: Vec<PickedFile>) -> Vec<String> {
        let (choices, picked): (Vec<_>, Vec<_>) =
            picked.into_iter().partition(|file| session::is_file_name(&file.path));
        if let Some(choices) = choices.into_iter().next_back() {
            self.load_choices(choices);
        }
        if picked.is_empty() {
            return Vec::new();
        }
        let too_many = picked.len() >= MAX_FILES;
        let new = self.tickets(picked);
        let paths: Vec<String> = new.iter().map(|file| file.ticket.path.clone()).collect();
        self.take_in(new, too_many);
        paths
    }

    /// Reads saved options, and inspects the loaded files as those of the platform that they name.
    fn load_choices(self: &Rc<Self>, picked: PickedFile) {
        let pool = Rc::clone(self);
        ports::spawn(async move {
            let content = match &picked.handle {
                Ok(blob) => files::read(std::slice::from_ref(blob)).await.pop(),
                Err(_) => None,
            };
            let choices = match &content {
                Some(Content::Bytes(bytes)) if bytes.len() <= session::MAX_SIZE => session::read(bytes),
                _ => None,
            };
            let Some(choices) = choices else {
                pool.tell(Action::Failed(Alert::BadChoices));
                return;
            };
            // Cancels planning and building with the previous options.
            pool.end_run();
            pool.forget_plan();
            let platform = choices.platform();
            pool.tell(Action::ChoicesLoaded(choices.into(), pool.inspecting.get() == 0));
            if platform.is_some() && platform != pool.platform.get() {
                pool.choose_platform(platform);
            }
        });
    }

    /// Adds files and inspects all.
    fn take_in(self: &Rc<Self>, mut new: Vec<Loaded>, too_many: bool) {
        let left_out = new.iter().map(|file| file.ticket.path.clone()).collect();
        self.tell(Action::Began(Job::Inspecting));
        let (pool, wiped) = (Rc::clone(self), self.wiped.get());
        ports::spawn(async move {
            match pool.inspect(&new, Vec::new()).await {
                _ if pool.wiped.get() != wiped => {}
                Ok(reply) => {
                    if let Reply::Inventory(_, sizes) = &reply {
                        new.iter_mut().zip(sizes).for_each(|(file, size)| file.size = *size);
                    }
                    pool.files.borrow_mut().extend(new.into_iter().map(|file| (file.ticket.id, file)));
                    pool.inspected(reply);
                    if too_many {
                        pool.tell(Action::Failed(Alert::TooManyFiles(MAX_FILES)));
                    }
                }
                Err(died) => pool.tell(Action::FilesLeftOut(left_out, died.location)),
            }
        });
    }

    /// Generates a sample cluster, and loads its archive.
    pub fn sample(self: &Rc<Self>, id: &str) {
        let Some(sample) = sample::named(id) else { return };
        self.tell(Action::Began(Job::Sampling));
        let wiped = self.wiped.get();
        self.ask(Ask::Sample { id: sample.id.to_owned(), now: ports::now() }, move |pool, reply, blob| {
            match (reply, blob) {
                _ if pool.wiped.get() != wiped => {}
                (Reply::Sample { name }, Some(blob)) => {
                    let platform = sample.platform_to_say().map(|profile| profile.id);
                    pool.platform.set(platform);
                    pool.tell(Action::PlatformChosen(platform));
                    pool.load(vec![PickedFile { path: name, handle: Ok(blob) }]);
                }
                (other, _) => pool.unexpected(other),
            }
        });
    }

    /// Removes these files (`None`: all) and inspects the rest. Undo can restore the last removals.
    pub fn remove(self: &Rc<Self>, which: Option<&[FileId]>) {
        let gone = which.map_or_else(|| self.files.borrow().keys().copied().collect(), <[FileId]>::to_vec);
        let kept: Vec<Loaded> = gone.iter().filter_map(|id| self.files.borrow_mut().remove(id)).collect();
        let mut removed = self.removed.borrow_mut();
        removed.push_back(kept);
        while removed.len() > MAX_UNDOS {
            removed.pop_front();
        }
        drop(removed);
        self.inspect_again(gone);
    }

    /// Restores removed files, and inspects all.
    pub fn bring_back(self: &Rc<Self>, which: &[FileId]) {
        let mut removed = self.removed.borrow_mut();
        let is_wanted = |group: &Vec<Loaded>| group.iter().any(|file| which.contains(&file.ticket.id));
        let place = removed.iter().rposition(is_wanted);
        let Some(back) = place.and_then(|place| removed.remove(place)) else { return };
        drop(removed);
        self.take_in(back, false);
    }

    /// Inspects all files as those of a platform; `None` to detect it.
    pub fn choose_platform(self: &Rc<Self>, platform: Option<&'static str>) {
        self.platform.set(platform);
        self.tell(Action::PlatformChosen(platform));
        self.inspect_again(Vec::new());
    }

    /// Inspects the loaded files without these.
    fn inspect_again(self: &Rc<Self>, gone: Vec<FileId>) {
        self.tell(Action::Began(Job::Inspecting));
        let pool = Rc::clone(self);
        ports::spawn(async move {
            if let Ok(reply) = pool.inspect(&[], gone).await {
                pool.inspected(reply);
            }
        });
    }

    /// Decrypts files with a password, and inspects all again.
    pub fn unlock(self: &Rc<Self>, typed: Typed) {
        self.tell(Action::Began(Job::Inspecting));
        let (pool, wiped) = (Rc::clone(self), self.wiped.get());
        ports::spawn(async move {
            let answer = pool.inspect_now(|now| Ask::Unlock { now }, vec![typed.into()]).await;
            match answer {
                Ok(_) if pool.wiped.get() != wiped => {}
                Ok(Reply::Unlocked { inventory, opened }) => {
                    pool.tell(Action::Unlocked(inventory.into(), opened));
                    pool.inspection_ended();
                }
                Ok(other) => pool.unexpected(other),
                // The stop was reported.
                Err(_) => {}
            }
        });
    }

    /// Gives each picked file a unique id and a unique path.
    fn tickets(&self, picked: Vec<PickedFile>) -> Vec<Loaded> {
        let mut taken: BTreeSet<String> = self.files.borrow().values().map(|file| file.ticket.path.clone()).collect();
        let mut ticket = |file: PickedFile| {
            let path = unique(file.path, &taken);
            taken.insert(path.clone());
            let (body, blob) = match file.handle {
                Ok(blob) => (FileBody::Attached, Some(blob)),
                Err(reason) => (FileBody::Unreadable(reason), None),
            };
            let id = FileId(self.next_file.replace(self.next_file.get().wrapping_add(1)));
            Loaded { ticket: FileTicket { id, path, body }, blob, size: 0 }
        };
        picked.into_iter().map(&mut ticket).collect()
    }

    pub(super) async fn inspect<'a>(
        &self,
        add: impl IntoIterator<Item = &'a Loaded>,
        remove: Vec<FileId>,
    ) -> Result<Reply, Died> {
        let (mut tickets, mut blobs) = (Vec::new(), Vec::new());
        for file in add {
            tickets.push(file.ticket.clone());
            blobs.extend(file.blob.clone().map(Attachment::Blob));
        }
        let platform = self.platform.get().map(str::to_owned);
        self.inspect_now(|now| Ask::Inspect { add: tickets, remove, platform, now }, blobs).await
    }

    /// Requests an inventory as of now, and cancels planning and building with the previous one.
    async fn inspect_now(
        &self,
        ask: impl FnOnce(UnixTime) -> Ask,
        attachments: Vec<Attachment>,
    ) -> Result<Reply, Died> {
        self.end_run();
        self.forget_plan();
        let now = ports::now();
        self.tell(Action::Today(now));
        let core = Rc::downgrade(&self.core.borrow());
        let answer = CoreConnection::ask_of_files(core, ask(now), attachments);
        self.inspecting.set(self.inspecting.get() + 1);
        let answer = answer.await;
        self.inspecting.set(self.inspecting.get() - 1);
        answer.map(|(reply, _)| reply)
    }

    pub(super) fn inspected(self: &Rc<Self>, reply: Reply) {
        match reply {
            Reply::Inventory(inventory, _) => {
                let files = self.files.borrow().values().map(Loaded::listed).collect();
                self.tell(Action::Inspected(files, inventory.into()));
                self.inspection_ended();
            }
            other => self.unexpected(other),
        }
    }

    /// After the last pending inspection, checks the rotation progress again if it is shown.
    fn inspection_ended(self: &Rc<Self>) {
        if self.inspecting.get() > 0 {
            self.tell(Action::Began(Job::Inspecting));
        } else if self.files.borrow().is_empty() {
            self.checking.take();
            self.platform.take();
        } else if let Some(phase) = self.checking.get() {
            self.check(phase);
        }
    }
}

/// `path`, numbered if it is taken: `ca.crt` may be picked from two nodes.
fn unique(path: String, taken: &BTreeSet<String>) -> String {
    if !taken.contains(&path) {
        return path;
    }
    (2..).map(|number| format!("{path} ({number})")).find(|path| !taken.contains(path)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_files_have_the_same_path() {
        let taken = ["ca.crt", "ca.crt (2)"].map(str::to_owned).into();
        assert_eq!(unique("ca.key".to_owned(), &taken), "ca.key");
        assert_eq!(unique("ca.crt".to_owned(), &taken), "ca.crt (3)");
    }
}
