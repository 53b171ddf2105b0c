//! The backend that is found in each place. Each case holds for every set of features.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyrt::{Ambient, AmbientCall, AmbientHandle, AmbientTimer, Backend, Builder};
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};

const SOON: Duration = Duration::from_secs(5);

/// Checks that the backend is found in the main future and in a function that blocks.
#[test]
fn a_run_finds_its_backend_everywhere() {
    for &backend in Backend::available() {
        let (sender, receiver) = mpsc::channel();
        let builder = Builder::new().backend(backend);
        let run = builder.run(async {
            let handle = Ambient::current().unwrap();
            assert_eq!(Ambient::name(&handle), backend.to_string());
            sender.send(Backend::current()).unwrap();
            let from_thread = sender.clone();
            let call = Ambient::spawn_blocking(&handle, move || {
                from_thread.send(Backend::current()).unwrap();
            });
            call.await;
            let start = Ambient::now();
            Ambient::timer(start + Duration::from_millis(1)).await;
            assert!(Ambient::now() > start);
        });
        run.unwrap();
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [Some(backend); 2]);
    }
}

#[test]
fn a_run_inside_a_function_that_blocks_has_its_own_backend() {
    for &outer in Backend::available() {
        for &inner in Backend::available() {
            let run = Builder::new().backend(outer).block_on(async {
                let handle = Ambient::current().unwrap();
                let call = Ambient::spawn_blocking(&handle, move || {
                    let found = anyrt::run_on(inner, async { Backend::current() });
                    (found, Backend::current())
                });
                call.await
            });
            assert_eq!(run.unwrap(), (Some(inner), Some(outer)));
        }
    }
}

#[test]
fn handles_work_from_foreign_threads() {
    // A simulation refuses what comes from threads outside.
    let available = Backend::available().iter();
    for &backend in available.filter(|backend| **backend != Backend::Sim) {
        let (sender, receiver) = mpsc::channel();
        let run = Builder::new().backend(backend).run(async {
            let handle = Ambient::current().unwrap();
            let other = handle.clone();
            thread::spawn(move || {
                assert_eq!(other.backend(), backend);
                Ambient::spawn(&other, TaskInfo::unnamed(), async move {
                    sender.send(()).unwrap();
                });
            });
            let wait = Ambient::spawn_blocking(&handle, move || receiver.recv_timeout(SOON));
            wait.await
        });
        assert_eq!(run.unwrap(), Ok(()));
    }
}

#[cfg(feature = "tokio")]
#[test]
fn inside_a_native_tokio_runtime_it_is_tokio() {
    let native = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    native.block_on(async {
        assert_eq!(Backend::current(), Some(Backend::Tokio));
        Ambient::timer(Ambient::now()).await;
    });
}

#[cfg(feature = "smol")]
#[test]
fn inside_native_smol_it_is_smol() {
    smol::block_on(async {
        assert_eq!(Backend::current(), Some(Backend::Smol));
        Ambient::timer(Ambient::now()).await;
    });
}

#[cfg(feature = "async-std")]
#[test]
fn inside_native_async_std_it_is_async_std() {
    async_std::task::block_on(async {
        assert_eq!(Backend::current(), Some(Backend::AsyncStd));
        Ambient::timer(Ambient::now()).await;
    });
}

#[test]
fn without_a_runtime_the_error_names_the_fix() {
    match Ambient::current() {
        Ok(handle) => assert_ne!(handle.backend(), Backend::Tokio),
        Err(error) if Backend::available().is_empty() => {
            assert!(error.to_string().contains("features `tokio`"), "{error}");
        }
        Err(error) if Backend::available() == [Backend::Sim] => {
            assert!(error.to_string().contains("inside a run"), "{error}");
        }
        Err(error) => assert!(error.to_string().contains("anyrt::run"), "{error}"),
    }
}

#[test]
fn a_backend_that_is_not_compiled_in_is_an_error_that_names_the_feature() {
    for &backend in Backend::ALL {
        let run = Builder::new().backend(backend).run(async {});
        match run {
            Ok(()) => assert!(Backend::available().contains(&backend)),
            Err(error) => {
                assert!(!Backend::available().contains(&backend));
                let message = error.to_string();
                assert!(
                    message.contains(&format!("feature `{backend}`")),
                    "{message}"
                );
            }
        }
    }
}

#[test]
fn what_a_backend_cannot_do_is_an_error_that_names_it() {
    for &backend in Backend::available() {
        let builder = Builder::new().backend(backend);
        let many = builder.clone().worker_threads(2).thread_name("worker");
        match many.run(async {}) {
            Ok(()) => assert!([Backend::Tokio, Backend::Smol].contains(&backend)),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains(&format!("{backend} cannot")), "{error}");
            }
        }
        let contradiction = builder.current_thread().worker_threads(2);
        let error = contradiction.run(async {}).unwrap_err().to_string();
        assert!(error.contains(&backend.to_string()), "{error}");
    }
}

#[test]
fn auto_traits_are_the_same_for_every_set_of_features() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    send_and_sync::<AmbientHandle>();
    send_and_sync::<Builder>();
    send::<AmbientTimer>();
    send::<AmbientCall<()>>();
}

#[cfg(all(
    feature = "tokio",
    not(any(feature = "smol", feature = "async-std", feature = "sim"))
))]
#[test]
fn with_one_backend_the_types_are_its_own() {
    use anyrt::tokio::{Call, Handle, Tokio};
    type Timer = <Tokio as Time>::Timer;
    assert_eq!(size_of::<AmbientHandle>(), size_of::<Handle>());
    assert_eq!(size_of::<AmbientTimer>(), size_of::<Timer>());
    assert_eq!(size_of::<AmbientCall<u8>>(), size_of::<Call<u8>>());
    #[cfg(all(feature = "net", unix))]
    {
        type Socket = <Tokio as anyrt_core::runtime::Net>::Socket;
        assert_eq!(size_of::<anyrt::AmbientSocket>(), size_of::<Socket>());
    }
}
