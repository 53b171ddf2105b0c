//! Names of hosts and services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyrt_core::net::{LookupError, lookup, reverse_lookup};

use crate::erased::{Backend, R};
use crate::support::{in_cancelled_scope, polls_until_ready, run};

/// NET-32: literal addresses resolve to themselves, at once.
pub fn literal_addresses_are_themselves(backend: &Backend) {
    run(backend, async {
        for ip in [
            IpAddr::from(Ipv4Addr::new(192, 0, 2, 7)),
            Ipv6Addr::LOCALHOST.into(),
            "2001:db8::7".parse().unwrap(),
        ] {
            let host = ip.to_string();
            let found = lookup::<R>(&host, 443).await.unwrap();
            assert_eq!(found, [(ip, 443).into()]);
        }
        assert_eq!(polls_until_ready(lookup::<R>("192.0.2.7", 0)), 1);
    });
}

/// NET-32: a name resolves to addresses with the port.
pub fn a_name_has_addresses(backend: &Backend) {
    run(backend, async {
        let found = lookup::<R>("localhost", 80).await.unwrap();
        assert!(!found.is_empty());
        for address in found {
            assert!(address.ip().is_loopback(), "{address}");
            assert_eq!(address.port(), 80);
        }
    });
}

/// NET-11: an unknown name is an error with that reason.
pub fn an_unknown_name_has_none(backend: &Backend) {
    run(backend, async {
        let long = format!("{}.invalid", "a".repeat(64));
        for name in [&*long, "", "with\0nul", "with space"] {
            let error = lookup::<R>(name, 80).await.unwrap_err();
            assert_eq!(LookupError::of(&error).unwrap().host(), name);
        }
    });
}

/// NET-32: the reverse lookup returns a host and a service, or numbers where there are no names.
pub fn an_address_has_names(backend: &Backend) {
    run(backend, async {
        // A port that no list of services has.
        let address = (Ipv4Addr::LOCALHOST, 65_431).into();
        let (host, service) = reverse_lookup::<R>(address).await.unwrap();
        assert!(!host.is_empty());
        assert_eq!(service, "65431");
    });
}

/// C4: lookup and reverse lookup are cancel points, for literal addresses too.
pub fn looking_up_is_a_cancel_point(backend: &Backend) {
    run(backend, async {
        for host in ["localhost", "127.0.0.1"] {
            let found = in_cancelled_scope::<R, _>(lookup::<R>(host, 80)).await;
            assert!(found.is_err());
        }
        let address = (Ipv4Addr::LOCALHOST, 80).into();
        let found = in_cancelled_scope::<R, _>(reverse_lookup::<R>(address));
        assert!(found.await.is_err());
    });
}

anyrt_conformance_kit::cases! { net_lookup: erased [Sockets],
    literal_addresses_are_themselves,
    a_name_has_addresses,
    an_unknown_name_has_none,
    an_address_has_names,
    looking_up_is_a_cancel_point,
}
