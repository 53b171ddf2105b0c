//! The encoding of international names, with the feature `idna`.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// Encodes a name by UTS 46, which maps upper case and similar characters, with all its checks. The result is
/// valid by IDNA 2008, except for symbols, which UTS 46 allows and IDNA 2008 does not.
pub(super) fn encode(host: &str) -> Result<String, &'static str> {
    Uts46::new()
        .to_ascii(
            host.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Check,
            DnsLength::VerifyAllowRootDot,
        )
        .map(String::from)
        .map_err(|_| "IDNA does not allow it")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::host::to_ascii;

    #[test]
    fn names_are_encoded_as_idna_2008_says() {
        // IDNA 2003 makes `fass.de` and `xn--nxasmq6b` of the first two.
        for (host, ascii) in [
            ("faß.de", "xn--fa-hia.de"),
            ("βόλος.com", "xn--nxasmm1c.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("bücher.example.", "xn--bcher-kva.example."),
        ] {
            assert_eq!(to_ascii(host).unwrap(), ascii);
        }
    }

    #[test]
    fn what_idna_does_not_allow_is_refused() {
        let long = "ü".repeat(64);
        for host in ["-ü.de", "a\u{200d}ü.de", "ü_.de", "ü b.de", "ü..de", &long] {
            let error = to_ascii(host).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{host}");
            assert!(error.to_string().contains(host));
        }
    }
}
