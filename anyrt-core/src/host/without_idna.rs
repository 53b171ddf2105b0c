//! The error for international names, without the feature `idna`.

pub(super) fn encode(_host: &str) -> Result<String, &'static str> {
    Err("international names need the feature `idna` of anyrt")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::host::to_ascii;

    #[test]
    fn an_international_name_asks_for_the_feature() {
        let error = to_ascii("faß.de").unwrap_err().to_string();
        assert!(error.contains("feature `idna`"), "{error}");
    }
}
