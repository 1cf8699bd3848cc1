"""The server's side of TLS, the same for the DICOM node, the page of states and the browser end."""

from __future__ import annotations

import ssl

from MedImageLib.errors import InputError


def server_context(certificate: str, key: str = "", authority: str = "") -> ssl.SSLContext | None:
    """A context of TLS 1.2 or newer; None without a certificate.

    certificate, key: PEM files; the key may lie in the certificate's file. authority: whose
    clients alone may connect. Raises InputError for files that cannot be used.
    """
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key or None)
        if authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"The certificate {certificate} cannot be used with its key: {error}."
        ) from error
    return context
