//! The public items: each has one path, no item of core is missing, and the auto traits are the same for
//! every set of features.

use std::collections::BTreeMap;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, UseTree, Visibility};

/// The items of core that only facades use.
const NOT_FOR_USERS: &[&str] = &[
    "task::current_backend", // `Backend::current`
    // For backends.
    "task::entered_tree",
    "task::run_future",
    "monitor::start_if_requested",
    "testing::free_tcp_port_of",
    "testing::free_udp_port_of",
    "net::OsSocket",
    "net::system_lookup",
    "net::system_reverse_lookup",
];

/// The public items of a crate by name, each with the modules that contain it.
type Surface = BTreeMap<String, Vec<String>>;

/// Reads the modules of a crate, from `lib.rs` on.
fn surface(crate_name: &str) -> Surface {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(crate_name)
        .join("src");
    let mut surface = Surface::new();
    read(&folder.join("lib.rs"), &folder, "", &mut surface);
    surface
}

fn read(file: &Path, folder: &Path, module: &str, surface: &mut Surface) {
    let text = fs::read_to_string(file).expect("a source file");
    for item in syn::parse_file(&text).expect("Rust").items {
        let Some((visibility, attributes)) = head(&item) else {
            continue;
        };
        if !matches!(visibility, Visibility::Public(_)) || is_hidden(attributes) {
            continue;
        }
        let mut names = Vec::new();
        match &item {
            Item::Fn(item) => names.push(item.sig.ident.to_string()),
            Item::Struct(item) => names.push(item.ident.to_string()),
            Item::Enum(item) => names.push(item.ident.to_string()),
            Item::Trait(item) => names.push(item.ident.to_string()),
            Item::Type(item) => names.push(item.ident.to_string()),
            Item::Const(item) => names.push(item.ident.to_string()),
            Item::Use(item) => leaves(&item.tree, &mut names),
            Item::Mod(item) => {
                let name = item.ident.to_string();
                let below = folder.join(&name);
                let file = file_of(&below);
                let module = format!("{module}{name}::");
                read(&file, &below, &module, surface);
            }
            _ => {}
        }
        for name in names {
            surface.entry(name).or_default().push(module.to_owned());
        }
    }
}

fn file_of(module: &Path) -> PathBuf {
    let flat = module.with_extension("rs");
    if flat.exists() {
        flat
    } else {
        module.join("mod.rs")
    }
}

fn head(item: &Item) -> Option<(&Visibility, &[Attribute])> {
    Some(match item {
        Item::Fn(item) => (&item.vis, &item.attrs),
        Item::Struct(item) => (&item.vis, &item.attrs),
        Item::Enum(item) => (&item.vis, &item.attrs),
        Item::Trait(item) => (&item.vis, &item.attrs),
        Item::Type(item) => (&item.vis, &item.attrs),
        Item::Const(item) => (&item.vis, &item.attrs),
        Item::Use(item) => (&item.vis, &item.attrs),
        Item::Mod(item) => (&item.vis, &item.attrs),
        _ => return None,
    })
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("doc")
            && list.is_ok_and(|list| list.tokens.to_string() == "hidden")
    })
}

fn leaves(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names),
        UseTree::Name(name) => names.push(name.ident.to_string()),
        UseTree::Rename(rename) => names.push(rename.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names)),
        UseTree::Glob(_) => panic!("items are listed, not globbed"),
    }
}

#[test]
fn each_item_has_one_path() {
    for (name, mut modules) in surface("anyrt") {
        modules.sort();
        // Names with different meanings in different modules, which are not second paths of one item.
        let expected = match &*name {
            "run" => vec!["", "from_thread::", "to_process::", "to_thread::"],
            "Options" | "current_default_limiter" => vec!["to_process::", "to_thread::"],
            _ => vec![&*modules[0]],
        };
        assert_eq!(modules, expected, "`{name}` stands in several places");
    }
}

#[test]
fn everything_that_core_offers_is_there() {
    let facade = surface("anyrt");
    let mut misplaced = Vec::new();
    for (name, modules) in surface("anyrt-core") {
        let places: Vec<_> = modules
            .iter()
            .map(|module| format!("{module}{name}"))
            .collect();
        if places.iter().any(|place| place.starts_with("runtime::")) {
            continue; // for backends
        }
        let left_out = places.iter().any(|place| NOT_FOR_USERS.contains(&&**place));
        if facade.contains_key(&name) == left_out {
            misplaced.extend(places);
        }
    }
    assert!(
        misplaced.is_empty(),
        "{misplaced:?}: give each a place in the facade, or a line in `NOT_FOR_USERS`; not both"
    );
}

/// Lists the auto traits of a type, in words.
macro_rules! auto_traits {
    ($type:ty) => {{
        let mut found = Vec::new();
        if implements!($type: Send) {
            found.push("Send");
        }
        if implements!($type: Sync) {
            found.push("Sync");
        }
        if implements!($type: Unpin) {
            found.push("Unpin");
        }
        found.join(" ")
    }};
}

/// Evaluates to whether a type implements a trait: an inherent constant has precedence over one of a trait.
macro_rules! implements {
    ($type:ty: $trait:path) => {{
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "unused where the type implements the trait")]
        trait No {
            const YES: bool = false;
        }
        impl<T: ?Sized> No for Probe<T> {}
        #[allow(
            dead_code,
            reason = "unused where the type does not implement the trait"
        )]
        impl<T: ?Sized + $trait> Probe<T> {
            const YES: bool = true;
        }
        <Probe<$type>>::YES
    }};
}

/// Compares one line for each type; the same for every set of features, because a library may rely on it
/// and does not know the set.
macro_rules! table {
    ($($type:ty => $expected:literal,)*) => {
        let lines = [$((stringify!($type), $expected, auto_traits!($type))),*];
        let wrong: Vec<_> = lines.iter().filter(|(_, expected, found)| expected != found).collect();
        assert!(wrong.is_empty(), "type, expected, found: {wrong:#?}");
    };
}

/// A future that is `Send`, and neither `Sync` nor `Unpin`.
struct Plain(PhantomData<std::cell::Cell<()>>, std::marker::PhantomPinned);

impl Future for Plain {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        std::task::Poll::Ready(())
    }
}

type E = std::io::Error;
type Call = fn() -> Plain;

#[test]
fn auto_traits_of_types() {
    use anyrt::*;
    table! {
        Ambient => "Send Sync Unpin",
        AmbientHandle => "Send Sync Unpin",
        Backend => "Send Sync Unpin",
        BlockingPortal => "Send Sync Unpin",
        BlockingPortalProvider => "Send Sync Unpin",
        Builder => "Send Sync Unpin",
        Busy => "Send Sync Unpin",
        CallError => "Send Sync Unpin",
        CancelHandle => "Send Sync Unpin",
        CancelScope => "Send Sync Unpin",
        Cancelled => "Send Sync Unpin",
        Cause => "Send Sync Unpin",
        Context => "Send Sync Unpin",
        ContextVar<u8> => "Send Sync Unpin",
        Elapsed => "Send Sync Unpin",
        Failures<E> => "Send Sync Unpin",
        GroupError<E> => "Send Sync Unpin",
        GroupOptions => "Send Sync Unpin",
        PortalResource<u8, u8> => "Send Sync Unpin",
        ResourceScope<u8> => "Send Sync Unpin",
        Instant => "Send Sync Unpin",
        Leased<u8> => "Send Sync Unpin",
        LocalTaskGroup<'static, E> => "Unpin",
        NoRun => "Send Sync Unpin",
        NoRuntime => "Send Sync Unpin",
        ParseBackendError => "Send Sync Unpin",
        PortalOptions => "Send Sync Unpin",
        PortalStartError<E> => "Send Sync Unpin",
        PortalTask<u8> => "Send Sync Unpin",
        ProvidedPortal => "Send Sync Unpin",
        RunError => "Send Sync Unpin",
        RunHandle => "Send Sync Unpin",
        RunOptions => "Send Sync Unpin",
        RunVar<u8> => "Send Sync Unpin",
        RunVarError => "Send Sync Unpin",
        ScopedTaskGroup<'static, E> => "Send Sync Unpin",
        SpawnError<Plain> => "Send",
        StartError<E> => "Send Sync Unpin",
        Started<u8> => "Send Sync Unpin",
        TaskBuilder<'static, TaskGroup<E>> => "Send Sync Unpin",
        TaskError => "Send Sync Unpin",
        TaskGroup<E> => "Send Sync Unpin",
        TaskHandle<u8> => "Send Sync Unpin",
        TaskStatus => "Send Sync Unpin",
        Unhandled => "Send Unpin",
        ValueError => "Send Sync Unpin",
        WouldBlock => "Send Sync Unpin",
        stream::BufferedByteStream<u8> => "Send Sync Unpin",
        stream::FileReadStream => "Send Sync Unpin",
        stream::FileWriteStream => "Send Sync Unpin",
        stream::MemoryByteReceiveStream => "Send Sync Unpin",
        stream::MemoryByteSendStream => "Send Sync Unpin",
        stream::MemoryByteStream => "Send Sync Unpin",
        stream::StapledByteStream<u8, u8> => "Send Sync Unpin",
        stream::TextStream<u8> => "Send Sync Unpin",
        sync::AlreadyBorrowing => "Send Sync Unpin",
        sync::AlreadySettled<u8> => "Send Sync Unpin",
        sync::Barrier => "Send Sync Unpin",
        sync::Borrower => "Send Sync Unpin",
        sync::CapacityLimiter => "Send Sync Unpin",
        sync::CapacityStatistics => "Send Sync Unpin",
        sync::CapacityToken<'static> => "Send Sync Unpin",
        sync::CapacityTokenArc => "Send Sync Unpin",
        sync::Condition<&'static sync::Mutex<u8>> => "Send Sync Unpin",
        sync::Event => "Send Sync Unpin",
        sync::Mutex<u8> => "Send Sync Unpin",
        sync::MutexGuard<'static, u8> => "Send Sync Unpin",
        sync::MutexGuardArc<u8> => "Send Sync Unpin",
        sync::MutexStatistics => "Send Sync Unpin",
        sync::Promise<u8, E> => "Send Sync Unpin",
        sync::ResourceGuard => "Send Sync Unpin",
        sync::ResourceUse<'static> => "Send Sync Unpin",
        sync::RwLock<u8> => "Send Sync Unpin",
        sync::RwLockReadGuard<'static, u8> => "Send Sync Unpin",
        sync::RwLockReadGuardArc<u8> => "Send Sync Unpin",
        sync::RwLockWriteGuard<'static, u8> => "Send Sync Unpin",
        sync::RwLockWriteGuardArc<u8> => "Send Sync Unpin",
        sync::Semaphore => "Send Sync Unpin",
        sync::SemaphorePermit<'static> => "Send Sync Unpin",
        sync::SemaphorePermitArc => "Send Sync Unpin",
        sync::Settled => "Send Sync Unpin",
        to_thread::Options => "Send Sync Unpin",
        task::GroupNode => "Send Sync Unpin",
        task::RunToken => "Send Sync Unpin",
        task::ScopeNode => "Send Sync Unpin",
        task::TaskId => "Send Sync Unpin",
        task::TaskNode => "Send Sync Unpin",
        task::TaskRef => "Send Sync Unpin",
        task::Tree => "Send Sync Unpin",
        task::Wait => "Send Sync Unpin",
    }
}

#[cfg(feature = "fs")]
#[test]
fn auto_traits_of_files() {
    use anyrt::{fs, fs::*, temp, temp::*};
    table! {
        DirEntry => "Send Sync Unpin",
        File => "Send Sync Unpin",
        Lines => "Send Sync Unpin",
        NamedTempFile => "Send Sync Unpin",
        OpenOptions => "Send Sync Unpin",
        Path => "Send Sync Unpin",
        PathError => "Send Sync Unpin",
        PersistError => "Send Sync Unpin",
        ReadDir => "Send Sync Unpin",
        Split => "Send Sync Unpin",
        SpooledTempFile => "Send Sync Unpin",
        TempBuilder => "Send Sync Unpin",
        TempDir => "Send Sync Unpin",
        Walk => "Send Unpin",
    }
    fn send<T: Send>(_: T) {}
    send((
        File::open("x"),
        File::create("x"),
        fs::read("x"),
        fs::write("x", "y"),
    ));
    send((fs::read_dir("x"), Path::new("x").unlink(false)));
    send((
        temp::file(),
        named(),
        dir(),
        mkstemp("x", "y"),
        mkdtemp("x", "y"),
    ));
    send(with_temp_dir(async |_| Ok::<_, E>(())));
    send(with_temp_file(async |_| Ok::<_, E>(())));
    let mut spooled = spooled(1);
    send(spooled.write_all(b"x"));
    send(spooled.into_file());
    send(async { named().await?.close().await });
    send(async { dir().await?.close().await });
    send(async { named().await?.persist("x").await.map_err(E::from) });
}

#[cfg(feature = "glob")]
#[test]
fn auto_traits_of_patterns() {
    table! {
        anyrt::fs::Glob => "Send Unpin",
        anyrt::fs::GlobError => "Send Sync Unpin",
    }
}

#[cfg(feature = "tls")]
#[test]
fn auto_traits_of_tls() {
    use anyrt::tls::*;
    type Memory = anyrt::stream::MemoryByteStream;
    table! {
        TlsClientConfig => "Send Sync Unpin",
        TlsConnectable<u8> => "Send Sync Unpin",
        TlsError => "Send Sync Unpin",
        TlsReceiveHalf<Memory> => "Send Sync Unpin",
        TlsSendHalf<Memory> => "Send Sync Unpin",
        TlsServerConfig => "Send Sync Unpin",
        TlsStream<Memory> => "Send Sync Unpin",
    }
}

#[test]
fn auto_traits_of_futures() {
    use anyrt::futures::*;
    table! {
        anyrt::AmbientCall<u8> => "Send Sync Unpin",
        anyrt::AmbientTimer => "Send Sync",
        anyrt::Interval => "Send Sync Unpin",
        AsCompleted<Plain> => "Send Unpin",
        Checkpoint => "Send Sync Unpin",
        Finally<Plain, Call, Plain> => "Send",
        GatherFuture<Vec<Plain>> => "Send Unpin",
        MapConcurrent<std::ops::Range<u8>, Call, Plain> => "Send Unpin",
        NextCompleted<'static, Plain> => "Send Unpin",
        RaceFuture<Vec<Plain>> => "Send Unpin",
        RacingOk<std::future::Ready<Result<u8, E>>, u8, E> => "Send Unpin",
        Scope<Plain, Catch> => "Send",
        Scope<Plain, MoveOn> => "Send",
        Shield<Plain> => "Send",
        Sleep => "Send Sync",
        SleepForever => "Send Sync Unpin",
        TaskValue<u8> => "Send Sync Unpin",
        TaskWait<'static> => "Send Sync Unpin",
        Tick<'static> => "Send Sync Unpin",
        ToThread<fn() -> u8, u8> => "Send Unpin",
        ToThreadCancellable<fn() -> Result<u8, anyrt::Cancelled>, u8> => "Send Unpin",
        TryGathering<Vec<std::future::Ready<Result<u8, E>>>> => "Send Unpin",
        TryMapConcurrent<std::ops::Range<u8>, Call, std::future::Ready<Result<u8, E>>, u8, E>
            => "Send Unpin",
        WaitFor<'static, u8> => "Send Sync",
        WithContextVar<u8, Plain> => "Send",
    }
}

#[cfg(feature = "net")]
#[test]
fn auto_traits_of_connecting() {
    use anyrt::net::*;
    type Attempt = std::future::Ready<std::io::Result<u8>>;
    table! {
        anyrt::AmbientSocket => "Send Sync Unpin",
        BoxedStreams<TcpConnectable> => "Send Sync Unpin",
        BufferedConnectable<TcpConnectable> => "Send Sync Unpin",
        ConnectError => "Send Sync Unpin",
        FailedAttempt => "Send Sync Unpin",
        LookupError => "Send Sync Unpin",
        TcpConnectable => "Send Sync Unpin",
        TcpConnector => "Send Sync Unpin",
        TextConnectable<TcpConnectable> => "Send Sync Unpin",
        anyrt::futures::HappyEyeballs<fn(std::net::SocketAddr) -> Attempt, Attempt, u8> => "Send",
    }
    fn send<T: Send>(_: T) {}
    send(connect_tcp("localhost", 80));
    send(TcpConnector::new().connect("localhost", 80));
    send(TcpConnector::new().connect_addresses(&[]));
    send((
        lookup("localhost", 80),
        reverse_lookup(([127, 0, 0, 1], 80).into()),
    ));
}

#[cfg(all(feature = "net", unix))]
#[test]
fn auto_traits_of_unix_sockets() {
    table! {
        anyrt::net::UnixConnectable => "Send Sync Unpin",
        anyrt::futures::ConnectUnix => "Send Sync",
    }
}

#[cfg(all(feature = "descriptors", unix))]
#[test]
fn auto_traits_of_descriptors() {
    use anyrt::descriptors::*;
    table! {
        anyrt::AmbientSource => "Send Sync Unpin",
    }
    fn send<T: Send>(_: T) {}
    send((
        wait_readable(std::io::stdin()),
        wait_writable(std::io::stdout()),
    ));
}

#[test]
#[cfg(all(feature = "hyper", feature = "tokio-io", feature = "tower"))]
fn auto_traits_of_bridges() {
    use anyrt::interop::{hyper::*, tokio_io::*, tower::*};
    table! {
        ForTokio<u8> => "Send Sync Unpin",
        FromTokio<u8> => "Send Sync Unpin",
        HyperExecutor<E> => "Send Sync Unpin",
        HyperIo<u8> => "Send Sync Unpin",
        HyperTimer => "Send Sync Unpin",
        Connector<u8> => "Send Sync Unpin",
        Limited<Plain> => "Send",
        Timeout<u8> => "Send Sync Unpin",
        TimeoutLayer => "Send Sync Unpin",
    }
}

#[test]
#[cfg(all(feature = "hickory", feature = "quinn", unix))]
fn auto_traits_of_bridges_with_sockets() {
    use anyrt::interop::{hickory::*, quinn::*};
    table! {
        HickoryHandle<E> => "Send Sync Unpin",
        HickoryProvider<E> => "Send Sync Unpin",
        HickoryTcpStream => "Send Sync Unpin",
        HickoryTime => "Send Sync Unpin",
        HickoryUdpSocket => "Send Sync Unpin",
        QuinnRuntime<E> => "Send Sync Unpin",
        QuinnSocket => "Send Sync Unpin",
    }
}

/// Checks that unnamed futures are `Send` if their arguments are.
#[test]
fn opaque_futures_are_send() {
    fn send<T: Send>(_: T) {}
    send(anyrt::task_group(async |tg| {
        tg.spawn(anyrt::checkpoint());
    }));
    send(anyrt::task_group::<E, _, _>(async |_| Ok(())));
    send(anyrt::scoped_task_group(async |tg| {
        tg.spawn(anyrt::checkpoint());
    }));
    send(anyrt::GroupOptions::new().run(async |tg| {
        let started = tg.start(async |started| {
            started.started(1);
            Ok::<_, E>(())
        });
        started.await.map(|_: i32| ())
    }));
    send(anyrt::GroupOptions::new().run_scoped(async |_| Ok::<_, E>(())));
    send(anyrt::GroupOptions::new().run_reporting(|_: E| (), async |_| Ok(())));
    send(anyrt::with_resource(1, async |_| (), async |_| ()));
    send(anyrt::testing::wait_all_tasks_blocked());
    send(anyrt::BlockingPortal::open(async |portal| {
        portal.stopped().await;
        Ok::<_, E>(())
    }));
    let mutex = std::sync::Arc::new(anyrt::sync::Mutex::new(1));
    send((mutex.lock(), mutex.lock_arc()));
    let condition = anyrt::sync::Condition::new(&*mutex);
    send(async { condition.wait(mutex.lock().await).await });
    send(async { condition.wait(mutex.lock_arc().await).await });
    let lock = anyrt::sync::RwLock::new(1);
    send((lock.read(), lock.write()));
    let limiter = anyrt::sync::CapacityLimiter::new(1);
    send((limiter.acquire(), limiter.acquire_on_behalf_of(1)));
    send(anyrt::sync::Semaphore::new(1).acquire());
    send(anyrt::sync::Event::new().wait());
    send(anyrt::sync::Barrier::new(1).wait());
    send(anyrt::sync::Promise::<u8, E>::new().wait());
}
