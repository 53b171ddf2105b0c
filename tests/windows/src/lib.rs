//! Tests of whole programs on Windows, which `ci/windows.sh` runs under wine. On other systems it is empty.
