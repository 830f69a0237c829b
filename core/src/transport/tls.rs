//! TLS settings, made explicitly so that no process-wide default has to be installed.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::error::Error;

/// TLS against the platform's roots, and the authorities in `ca_file` if there is one.
pub(super) fn platform(ca_file: Option<&Path>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let authorities = ca_file.map(read_authorities).transpose()?.unwrap_or_default();
    let verifier = Verifier::new_with_extra_roots(authorities, Arc::clone(&provider)).map_err(|cause| {
        Error::config(
            "The platform's root certificates cannot be loaded. Install them (on Linux the package ca-certificates), or \
             give ca_file.",
        )
        .with_source(cause)
    })?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::internal("TLS cannot be set up.").with_source(cause))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// For pools of plain `http`: the connector wants some TLS settings, and these cost nothing and trust nobody.
pub(super) fn none() -> Result<ClientConfig, Error> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::internal("TLS cannot be set up.").with_source(cause))
        .map(|builder| {
            builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        })
}

/// The certificates of a PEM file.
pub(super) fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refuse = |why: &str| Error::config(format!("The ca_file {} {why}", path.display()));
    let text = std::fs::read(path).map_err(|cause| refuse(&format!("cannot be read: {}.", cause.kind())))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(refuse("holds no certificate in PEM form.")),
    }
}
