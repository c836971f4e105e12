"""The detached CMS signature of a manifest (RFC 5652, ECDSA P-256 with SHA-256), in one form only.

Everything in the file but the time and the signature value follows from the pinned certificate and the signed bytes,
so a signature is checked by building the file again: no byte of it can differ, and no algorithm is taken from it.
`openssl cms -verify -binary -inform DER -in X.p7s -content X.json -CAfile SENDER.crt` checks it without us.
"""

import hashlib
from datetime import UTC, datetime

from asn1crypto import cms, core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from zhika.exchange.keys import Signer


def sign(content: bytes, signer: Signer) -> bytes:
    """The bytes of the `.p7s` file for `content`, DER, about 700 bytes."""
    attributes = _attributes(content, datetime.now(UTC).replace(microsecond=0))
    return _envelope(signer.certificate, attributes, signer.key.sign(attributes.dump(), ec.ECDSA(SHA256())))


def is_signed(content: bytes, signature: bytes, certificate: x509.Certificate) -> bool:
    """Whether `signature` is the file that the holder of `certificate` made for exactly these bytes."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    try:
        signed = cms.ContentInfo.load(signature, strict=True)["content"]["signer_infos"][0]
        times = [a["values"][0].native for a in signed["signed_attrs"] if a["type"].native == "signing_time"]
        value = signed["signature"].native
        attributes = _attributes(content, times[0])
        same = _envelope(certificate, attributes, value) == signature
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):  # what asn1crypto raises on other bytes
        return False
    if not same:
        return False
    try:
        key.verify(value, attributes.dump(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _attributes(content: bytes, at: datetime) -> cms.CMSAttributes:
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(at)})]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )


def _envelope(certificate: x509.Certificate, attributes: cms.CMSAttributes, value: bytes) -> bytes:
    own = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    signed = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number", {"issuer": own.issuer, "serial_number": own.serial_number}
        ),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": value,
    }
    data = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data"},
        "certificates": [cms.CertificateChoices("certificate", own)],
        "signer_infos": [signed],
    }
    envelope: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()
    return envelope
