//! The page's side of the work: asks the core guest, spreads keys over the pool, and puts a new worker where one died.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use airlock_core::{Content, UnixTime, plan::request::RotationRequest, sample, x509::KeyAlgorithm};

use super::{
    line::{CoreEvent, CoreLine, Died, KeyLine},
    protocol::{Ask, FileBody, FileTicket, KeyTicket, Reply},
};
use crate::{
    ports::{
        self, clipboard,
        endpoint::Attachment,
        files::{self, Blob, Download, MAX_FILES, PickedFile},
        password::Typed,
        workers,
    },
    state::{
        Action, Downloaded, Job, LoadedFile, Outcome, Workplace, chart::Chart, contexts::Target, notice::Alert,
        pace::Pace, session, undo::MAX_UNDOS, work::FileId,
    },
};

/// No more key workers than this, however many cores there are.
const MAX_KEY_WORKERS: usize = 8;

/// How often key workers may die in one run before it is given up.
const MAX_DEATHS: u32 = 3;

/// The page's side of the work.
pub struct Host {
    dispatch: Box<dyn Fn(Action)>,
    core: RefCell<Rc<CoreLine>>,
    /// Filled when a plan is there, emptied when the keys are made: keys stay in as few places as possible.
    pool: RefCell<Vec<Option<Rc<KeyLine>>>>,
    files: RefCell<BTreeMap<FileId, Loaded>>,
    /// Files that were removed, and could be brought back, the last ones at the end.
    removed: RefCell<VecDeque<Vec<Loaded>>>,
    next_file: Cell<u32>,
    /// Inspections that are not answered yet.
    inspecting: Cell<u32>,
    /// The phase that the person asked about, to be asked about again whenever the files change.
    checking: Cell<Option<Option<u8>>>,
    /// The platform that the person says; `None` to have it told from the files.
    platform: Cell<Option<&'static str>>,
    /// Is a new core guest taking up the files of a dead one?
    reviving: Cell<bool>,
    /// Counts runs and their ends: whoever works for another number stops.
    run: Cell<u32>,
    deaths: Cell<u32>,
    /// The choices that are to be planned with next, under their number.
    wanted: RefCell<Option<(u32, RotationRequest)>>,
    /// Is a plan on its way?
    planning: Cell<bool>,
    /// Does the core guest live on the page's own thread?
    on_page: Cell<bool>,
    /// Counts what is wanted: the page is told of the last one alone.
    plans: Cell<u32>,
    /// When this run's keys were begun, in milliseconds of the browser's clock, and how far they are.
    pace: Cell<(f64, Pace)>,
    /// Counts wipes: what was begun before one is not told of after it.
    wiped: Cell<u32>,
    download: RefCell<Option<Download>>,
    /// The script that collects files, once it was downloaded.
    script: RefCell<Option<Download>>,
}

/// A file that the core guest has, and what it takes to give it to the next one.
#[derive(Clone)]
struct Loaded {
    ticket: FileTicket,
    blob: Option<Blob>,
    /// As the core guest found it: a page that asks the browser waits for the answer. Bytes.
    size: u64,
}

impl Host {
    /// Starts the core guest. What happens is told to `dispatch`.
    pub fn start(dispatch: impl Fn(Action) + 'static) -> Rc<Self> {
        Rc::new_cyclic(|host| {
            let host = host.clone();
            Self {
                dispatch: Box::new(dispatch),
                core: RefCell::new(start_core(host)),
                pool: RefCell::default(),
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
                pace: Cell::default(),
                wiped: Cell::default(),
                download: RefCell::default(),
                script: RefCell::default(),
            }
        })
    }

    /// Loads what a search for files finds.
    pub fn load_when_found(self: &Rc<Self>, search: impl Future<Output = Vec<PickedFile>> + 'static) {
        self.tell(Action::Began(Job::Inspecting));
        let host = Rc::clone(self);
        ports::spawn(async move {
            let found = search.await;
            if found.is_empty() {
                host.tell(Action::NothingFound);
            }
            host.load(found);
        });
    }

    /// Loads files beside those that are there, and inspects all. Returns the paths that they got. A file of saved choices is
    /// read as such.
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

    /// Reads saved choices, and inspects what is loaded as files of the platform that they name.
    fn load_choices(self: &Rc<Self>, picked: PickedFile) {
        let host = Rc::clone(self);
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
                host.tell(Action::Failed(Alert::BadChoices));
                return;
            };
            // Whatever was planned or built with the last choices ends.
            host.end_run();
            host.forget_plan();
            let platform = choices.platform();
            host.tell(Action::ChoicesLoaded(choices.into(), host.inspecting.get() == 0));
            if platform.is_some() && platform != host.platform.get() {
                host.choose_platform(platform);
            }
        });
    }

    /// Has files inspected beside those that are there.
    fn take_in(self: &Rc<Self>, mut new: Vec<Loaded>, too_many: bool) {
        let left_out = new.iter().map(|file| file.ticket.path.clone()).collect();
        self.tell(Action::Began(Job::Inspecting));
        let (host, wiped) = (Rc::clone(self), self.wiped.get());
        ports::spawn(async move {
            match host.inspect(&new, Vec::new()).await {
                _ if host.wiped.get() != wiped => {}
                Ok(reply) => {
                    if let Reply::Inventory(_, sizes) = &reply {
                        new.iter_mut().zip(sizes).for_each(|(file, size)| file.size = *size);
                    }
                    host.files.borrow_mut().extend(new.into_iter().map(|file| (file.ticket.id, file)));
                    host.inspected(reply);
                    if too_many {
                        host.tell(Action::Failed(Alert::TooManyFiles(MAX_FILES)));
                    }
                }
                Err(died) => host.tell(Action::FilesLeftOut(left_out, died.location)),
            }
        });
    }

    /// Makes a sample cluster, and loads it as a person would load a real one.
    pub fn sample(self: &Rc<Self>, id: &str) {
        let Some(sample) = sample::named(id) else { return };
        self.tell(Action::Began(Job::Sampling));
        let wiped = self.wiped.get();
        self.ask(Ask::Sample { id: sample.id.to_owned(), now: ports::now() }, move |host, reply, blob| {
            match (reply, blob) {
                _ if host.wiped.get() != wiped => {}
                (Reply::Sample { name }, Some(blob)) => {
                    let platform = sample.platform_to_say().map(|profile| profile.id);
                    host.platform.set(platform);
                    host.tell(Action::PlatformChosen(platform));
                    host.load(vec![PickedFile { path: name, handle: Ok(blob) }]);
                }
                (other, _) => host.unexpected(other),
            }
        });
    }

    /// Removes files, or all of them, and inspects what is left. They can be brought back for a while.
    pub fn remove(self: &Rc<Self>, which: Option<&[FileId]>) {
        let gone = which.map_or_else(|| self.files.borrow().keys().copied().collect(), <[FileId]>::to_vec);
        let kept: Vec<Loaded> = gone.iter().filter_map(|id| self.files.borrow_mut().remove(id)).collect();
        let mut removed = self.removed.borrow_mut();
        removed.push_back(kept);
        while removed.len() > MAX_UNDOS {
            removed.pop_front();
        }
        drop(removed);
        self.look_again(gone);
    }

    /// Brings removed files back, and inspects all.
    pub fn bring_back(self: &Rc<Self>, which: &[FileId]) {
        let mut removed = self.removed.borrow_mut();
        let is_wanted = |group: &Vec<Loaded>| group.iter().any(|file| which.contains(&file.ticket.id));
        let place = removed.iter().rposition(is_wanted);
        let Some(back) = place.and_then(|place| removed.remove(place)) else { return };
        drop(removed);
        self.take_in(back, false);
    }

    /// Has everything inspected as files of that platform; `None` to have it told from the files.
    pub fn choose_platform(self: &Rc<Self>, platform: Option<&'static str>) {
        self.platform.set(platform);
        self.tell(Action::PlatformChosen(platform));
        self.look_again(Vec::new());
    }

    /// Inspects what is there without these files.
    fn look_again(self: &Rc<Self>, gone: Vec<FileId>) {
        self.tell(Action::Began(Job::Inspecting));
        let host = Rc::clone(self);
        ports::spawn(async move {
            if let Ok(reply) = host.inspect(&[], gone).await {
                host.inspected(reply);
            }
        });
    }

    /// Opens what is encrypted, and inspects all again.
    pub fn unlock(self: &Rc<Self>, typed: Typed) {
        self.tell(Action::Began(Job::Inspecting));
        let (host, wiped) = (Rc::clone(self), self.wiped.get());
        ports::spawn(async move {
            let answer = host.look(|now| Ask::Unlock { now }, vec![typed.into()]).await;
            match answer {
                Ok(_) if host.wiped.get() != wiped => {}
                Ok(Reply::Unlocked { inventory, opened }) => {
                    host.tell(Action::Unlocked(inventory.into(), opened));
                    host.look_is_over();
                }
                Ok(other) => host.unexpected(other),
                // Its death was told.
                Err(_) => {}
            }
        });
    }

    /// Says whether a phase is done, now and whenever other files are there.
    pub fn check(self: &Rc<Self>, phase: Option<u8>) {
        self.checking.set(Some(phase));
        self.tell(Action::CheckAsked(phase));
        self.ask(Ask::Check { phase }, move |host, reply, _| match reply {
            Reply::Checked(report) => host.tell(Action::Checked(phase, report.into())),
            other => host.unexpected(other),
        });
    }

    /// Plans as soon as the core guest is free. Of several requests in a row the last one counts; the page is told of no other's plan.
    pub fn plan_ahead(self: &Rc<Self>, request: RotationRequest) {
        let number = self.next_plan();
        self.wanted.replace(Some((number, request)));
        if self.planning.replace(true) {
            return;
        }
        let host = Rc::clone(self);
        ports::spawn(async move {
            // What is typed in the meantime replaces what was wanted.
            ports::turns::turn().await;
            while let Some((number, request)) = host.wanted.take() {
                let answer = host.core.borrow().ask(Ask::Plan { request, now: ports::now() }, Vec::new());
                // Its death was told.
                let Ok((reply, _)) = answer.await else { continue };
                if host.plans.get() != number {
                    continue;
                }
                match reply {
                    Reply::Plan(plan) => {
                        host.fill_pool(plan.keys.len());
                        host.tell(Action::Planned(Outcome::Plan(plan.into())));
                        host.predict(number).await;
                    }
                    Reply::Refused(findings) => host.tell(Action::Planned(Outcome::Refused(findings.into()))),
                    other => host.unexpected(other),
                }
            }
            host.planning.set(false);
        });
    }

    /// Says what the plan of that number would break. Not on the page's own thread, where it would stand still over it.
    async fn predict(self: &Rc<Self>, number: u32) {
        if self.on_page.get() || self.wanted.borrow().is_some() {
            return;
        }
        self.tell(Action::Predicting);
        let answer = self.core.borrow().ask(Ask::Predict, Vec::new());
        // Its death was told.
        let Ok((reply, _)) = answer.await else { return };
        if self.plans.get() == number {
            match reply {
                Reply::Predicted(broken) => {
                    let broken = broken.map(|(finding, matrix)| (finding, Chart::of(matrix, false).into()));
                    self.tell(Action::Foreseen(broken));
                }
                other => self.unexpected(other),
            }
        }
    }

    /// No plan is wanted any more: one that is on its way is not told of.
    pub fn forget_plan(&self) {
        self.next_plan();
        self.wanted.take();
    }

    fn next_plan(&self) -> u32 {
        self.plans.set(self.plans.get().wrapping_add(1));
        self.plans.get()
    }

    /// Plans, and makes the package of the plan at once.
    pub fn plan_and_make(self: &Rc<Self>, request: RotationRequest) {
        let accept_outage = request.accept_outage;
        self.plan_then(request, move |host, algorithms| host.make(algorithms, accept_outage));
    }

    fn plan_then(self: &Rc<Self>, request: RotationRequest, then: impl FnOnce(&Rc<Self>, &[KeyAlgorithm]) + 'static) {
        self.forget_plan();
        self.tell(Action::Began(Job::Planning));
        self.ask(Ask::Plan { request, now: ports::now() }, |host, reply, _| match reply {
            Reply::Plan(plan) => {
                host.fill_pool(plan.keys.len());
                let algorithms: Vec<_> = plan.keys.iter().map(|key| key.algorithm).collect();
                host.tell(Action::Planned(Outcome::Plan(plan.into())));
                then(host, &algorithms);
            }
            Reply::Refused(findings) => host.tell(Action::Planned(Outcome::Refused(findings.into()))),
            other => host.unexpected(other),
        });
    }

    /// Makes the keys that the plan asks for, then certificates and package. `accept_outage` as in the plan's request.
    pub fn make(self: &Rc<Self>, algorithms: &[KeyAlgorithm], accept_outage: bool) {
        let run = self.next_run();
        let total = algorithms.len();
        self.deaths.set(0);
        self.tell(Action::Began(Job::Making { done: 0, total }));
        self.ask(Ask::Make { run }, move |host, reply, _| {
            if host.run.get() == run {
                host.pool.take();
                match reply {
                    Reply::Package(mut package, authorities) => {
                        let chart = Chart::of(std::mem::take(&mut package.matrix), accept_outage);
                        host.tell(Action::Made(package.into(), authorities.into(), chart.into()));
                    }
                    Reply::Broken(finding, matrix) => {
                        host.tell(Action::Unmade([finding].into(), Chart::of(matrix, accept_outage).into()));
                    }
                    Reply::Refused(findings) => host.tell(Action::Unmade(findings.into(), Rc::default())),
                    other => host.unexpected(other),
                }
            }
        });
        self.fill_pool(total);
        self.pace.set((ports::clock(), Pace::of(algorithms)));
        let tickets = algorithms.iter().enumerate().map(|(index, &algorithm)| KeyTicket { run, index, algorithm });
        let queue = Rc::new(RefCell::new(tickets.collect::<VecDeque<_>>()));
        for lane in 0..pool_size().min(total) {
            ports::spawn(make_keys(Rc::clone(self), lane, run, Rc::clone(&queue)));
        }
    }

    /// Ends the run: key workers stop wherever they are.
    pub fn cancel(self: &Rc<Self>) {
        self.end_run();
        self.tell(Action::Cancelled);
    }

    /// Forgets everything: the workers end, and their memory with them.
    pub fn wipe(self: &Rc<Self>) {
        self.next_run();
        self.forget_plan();
        self.wiped.set(self.wiped.get().wrapping_add(1));
        self.pool.take();
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

    /// Has the core guest try whether randomness and signatures work.
    fn test(self: &Rc<Self>) {
        self.ask(Ask::Test, |host, reply, _| match reply {
            Reply::Tested(tested) => host.tell(Action::Tested(tested)),
            other => host.unexpected(other),
        });
    }

    /// Fetches all fields of a loaded certificate.
    pub fn details(self: &Rc<Self>, fingerprint: String) {
        self.ask(Ask::Details { fingerprint }, |host, reply, _| match reply {
            Reply::Details(details) => host.tell(Action::Detailed(details.into())),
            other => host.unexpected(other),
        });
    }

    /// Fetches the lines of a file of the package.
    pub fn preview(self: &Rc<Self>, path: String) {
        self.tell(Action::PreviewAsked(path.clone()));
        self.ask(Ask::Preview { path }, |host, reply, _| match reply {
            Reply::Preview(file) => host.tell(Action::Previewed(file.into())),
            other => host.unexpected(other),
        });
    }

    /// Copies the command that applies a file to a cluster, whose kubectl context is `context` (empty for the current one).
    /// Call it while the click is handled.
    pub fn copy(self: &Rc<Self>, path: String, target: Target, context: String) {
        self.tell(Action::Began(Job::Copying));
        let answer = self.core.borrow().ask(Ask::Command { path: path.clone(), context }, Vec::new());
        let written = clipboard::write(async {
            match answer.await {
                Ok((Reply::Command, Some(blob))) => Ok(blob),
                Ok((Reply::Failed(reason), _)) => Err(reason),
                // No reason: the worker did not answer.
                Ok(_) | Err(_) => Err(String::new()),
            }
        });
        let host = Rc::clone(self);
        ports::spawn(async move {
            host.tell(match written.await {
                Ok(()) => Action::Copied(path, target),
                Err(reason) => Action::Failed(Alert::NotCopied(reason)),
            });
        });
    }

    /// Puts a text into the clipboard that holds nothing secret. Call it while the click is handled.
    pub fn copy_text(self: &Rc<Self>, text: &str) {
        let blob = files::blob(text.as_bytes(), "text/plain");
        let written = clipboard::write(async { Ok(blob) });
        let host = Rc::clone(self);
        ports::spawn(async move {
            host.tell(match written.await {
                Ok(()) => Action::TextCopied,
                Err(reason) => Action::Failed(Alert::NotCopied(reason)),
            });
        });
    }

    /// Hands the zip to the browser's downloads.
    pub fn download(self: &Rc<Self>) {
        self.tell(Action::Began(Job::Archiving));
        self.ask(Ask::Archive, |host, reply, blob| match (reply, blob) {
            (Reply::Archive { name, sha256 }, Some(blob)) => match Download::start(&blob, &name) {
                Ok(download) => {
                    host.download.replace(Some(download));
                    host.tell(Action::Downloaded(Downloaded { name, sha256 }));
                }
                Err(reason) => host.tell(Action::Failed(Alert::NotDownloaded(reason))),
            },
            (other, _) => host.unexpected(other),
        });
    }

    /// Hands a text that is not secret to the browser's downloads.
    pub fn download_text(&self, name: &str, text: &str) {
        match Download::start(&files::blob(text.as_bytes(), "text/plain"), name) {
            Ok(download) => drop(self.script.replace(Some(download))),
            Err(reason) => self.tell(Action::Failed(Alert::NotDownloaded(reason))),
        }
    }

    fn tell(&self, action: Action) {
        (self.dispatch)(action);
    }

    fn unexpected(&self, reply: Reply) {
        self.tell(match reply {
            Reply::Cancelled => Action::Cancelled,
            Reply::Failed(reason) => Action::Failed(Alert::Said(reason)),
            _ => Action::Failed(Alert::NoAnswer),
        });
    }

    /// Asks, and goes on with the answer. If the guest dies there is none: its death was told.
    fn ask(self: &Rc<Self>, ask: Ask, then: impl FnOnce(&Rc<Self>, Reply, Option<Blob>) + 'static) {
        let answer = self.core.borrow().ask(ask, Vec::new());
        let host = Rc::clone(self);
        ports::spawn(async move {
            if let Ok((reply, blob)) = answer.await {
                then(&host, reply, blob);
            }
        });
    }

    /// Gives each picked file an id and a path that no other file has.
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

    async fn inspect<'a>(&self, add: impl IntoIterator<Item = &'a Loaded>, remove: Vec<FileId>) -> Result<Reply, Died> {
        let (mut tickets, mut blobs) = (Vec::new(), Vec::new());
        for file in add {
            tickets.push(file.ticket.clone());
            blobs.extend(file.blob.clone().map(Attachment::Blob));
        }
        let platform = self.platform.get().map(str::to_owned);
        self.look(|now| Ask::Inspect { add: tickets, remove, platform, now }, blobs).await
    }

    /// Asks for an inventory as of now; whatever was planned or made of the last one ends.
    async fn look(&self, ask: impl FnOnce(UnixTime) -> Ask, attachments: Vec<Attachment>) -> Result<Reply, Died> {
        self.end_run();
        self.forget_plan();
        let now = ports::now();
        self.tell(Action::Today(now));
        let core = Rc::downgrade(&self.core.borrow());
        let answer = CoreLine::ask_of_files(core, ask(now), attachments);
        self.inspecting.set(self.inspecting.get() + 1);
        let answer = answer.await;
        self.inspecting.set(self.inspecting.get() - 1);
        answer.map(|(reply, _)| reply)
    }

    fn inspected(self: &Rc<Self>, reply: Reply) {
        match reply {
            Reply::Inventory(inventory, _) => {
                let files = self.files.borrow().values().map(Loaded::listed).collect();
                self.tell(Action::Inspected(files, inventory.into()));
                self.look_is_over();
            }
            other => self.unexpected(other),
        }
    }

    /// The last of several inspections says what came of them; what was asked about the files is asked again.
    fn look_is_over(self: &Rc<Self>) {
        if self.inspecting.get() > 0 {
            self.tell(Action::Began(Job::Inspecting));
        } else if self.files.borrow().is_empty() {
            self.checking.take();
            self.platform.take();
        } else if let Some(phase) = self.checking.get() {
            self.check(phase);
        }
    }

    /// A new core guest takes the dead one's place and takes up what that one had, unless it is that which kills it.
    fn core_died(self: &Rc<Self>, died: Died) {
        self.forget_plan();
        self.run.set(self.run.get().wrapping_add(1));
        self.pool.take();
        // It may be the check that it died over: the person asks again.
        self.checking.take();
        self.core.replace(start_core(Rc::downgrade(self)));
        if self.reviving.replace(true) {
            self.reviving.set(false);
            self.tell(Action::Failed(Alert::CoreCannotStart));
            return;
        }
        self.tell(Action::CoreDied(died.location));
        let host = Rc::clone(self);
        ports::spawn(async move {
            let files: Vec<Loaded> = host.files.borrow().values().cloned().collect();
            if !files.is_empty()
                && let Ok(reply) = host.inspect(&files, Vec::new()).await
            {
                host.inspected(reply);
            }
            host.reviving.set(false);
        });
    }

    /// After a key: how long the others take, at the pace of those that are made.
    fn tell_time_left(&self, made: KeyAlgorithm) {
        let (since, mut pace) = self.pace.get();
        pace.made(made);
        self.pace.set((since, pace));
        if let Some(seconds) = pace.left(ports::clock() - since) {
            self.tell(Action::TimeLeft(seconds));
        }
    }

    fn next_run(&self) -> u32 {
        self.run.set(self.run.get().wrapping_add(1));
        self.run.get()
    }

    /// Stops the key workers and has the core guest forget their keys.
    fn end_run(&self) {
        self.next_run();
        self.pool.take();
        // Nobody waits for the answer: the next question is answered after it.
        drop(self.core.borrow().ask(Ask::Cancel, Vec::new()));
    }

    /// Starts as many key workers as `keys` can be spread over.
    fn fill_pool(&self, keys: usize) {
        for lane in 0..pool_size().min(keys) {
            self.lane(lane);
        }
    }

    /// The key worker of a lane, a new one if it has none.
    fn lane(&self, lane: usize) -> Rc<KeyLine> {
        let mut pool = self.pool.borrow_mut();
        if pool.len() <= lane {
            pool.resize(lane + 1, None);
        }
        Rc::clone(pool[lane].get_or_insert_with(|| KeyLine::start(&self.core.borrow())))
    }
}

impl Loaded {
    fn listed(&self) -> LoadedFile {
        LoadedFile { id: self.ticket.id, path: self.ticket.path.clone(), size: self.size }
    }
}

/// Starts a core guest whose life is told to `host`.
fn start_core(host: std::rc::Weak<Host>) -> Rc<CoreLine> {
    CoreLine::start(move |event| {
        let Some(host) = host.upgrade() else { return };
        match event {
            CoreEvent::Ready { on_page } => {
                host.on_page.set(on_page);
                host.tell(Action::Place(if on_page { Workplace::Page } else { Workplace::Workers(pool_size()) }));
                host.test();
            }
            CoreEvent::Died(died) => host.core_died(died),
        }
    })
}

/// Makes keys of `queue` in one lane until it is empty or the run is over.
async fn make_keys(host: Rc<Host>, lane: usize, run: u32, queue: Rc<RefCell<VecDeque<KeyTicket>>>) {
    while host.run.get() == run {
        let next = queue.borrow_mut().pop_front();
        let Some(ticket) = next else { return };
        let made = host.lane(lane).make(ticket).await;
        if host.run.get() != run {
            return;
        }
        match made {
            Ok(()) => {
                host.tell(Action::KeyMade);
                host.tell_time_left(ticket.algorithm);
            }
            Err(died) => {
                host.deaths.set(host.deaths.get() + 1);
                if host.deaths.get() >= MAX_DEATHS {
                    host.end_run();
                    host.tell(Action::Failed(Alert::KeysGivenUp(died.location)));
                    return;
                }
                host.pool.borrow_mut()[lane] = None;
                queue.borrow_mut().push_front(ticket);
                host.tell(Action::KeyWorkerDied(died.location));
            }
        }
    }
}

/// How many key workers there are.
fn pool_size() -> usize {
    workers::parallelism().min(MAX_KEY_WORKERS)
}

/// `path`, numbered if it is taken: two nodes' loose `ca.crt` are two files.
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
