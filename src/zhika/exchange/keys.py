"""A seat's own keys: one to sign with (X.509, ECDSA P-256), one or more to open what was sealed to it (age, X25519)."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zhika.errors import KeyStoreError

Identity = Any
"""`pyrage.x25519.Identity`, which comes without types."""

YEARS = 10


@dataclass(frozen=True)
class Signer:
    """Certificate and private key of this seat."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.certificate)

    def __repr__(self) -> str:
        return f"Signer({self.fingerprint})"


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's DER, 64 hexadecimal digits: what two people read to each other on the telephone."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def create_keys(folder: Path, name: str) -> Signer:
    """Make `sign.key`, `sign.crt` and `age.key` in `folder` (mode 0700, keys 0600) for the seat `name`.

    The certificate is self-signed, for ten years, with the purpose emailProtection that `openssl cms` asks for: other
    seats pin it, no authority stands behind it. Raises `KeyStoreError` if a key stands there already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = [file for file in ("sign.key", "sign.crt", "age.key") if (folder / file).exists()]
    if taken:
        raise KeyStoreError(f"{folder} 已有密钥文件 {', '.join(taken)}，不会覆盖")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks of two seats differ
        .not_valid_after(now.replace(year=now.year + YEARS, day=min(now.day, 28)))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    identity = pyrage.x25519.Identity.generate()
    _write(folder / "sign.key", pem, 0o600)
    _write(folder / "sign.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    _write(folder / "age.key", f"# public key: {identity.to_public()}\n{identity}\n".encode(), 0o600)
    return Signer(certificate, key)


def load_signer(folder: Path) -> Signer:
    """The seat's certificate and key. Raises `KeyStoreError` if one is missing, readable to others, or not P-256."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "sign.crt").read_bytes())
        key = serialization.load_pem_private_key(_secret(folder / "sign.key"), None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyStoreError(f"{folder} 的签名密钥或证书不能读取") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyStoreError(f"{folder} 的签名密钥应为 ECDSA P-256")
    if key.public_key() != certificate.public_key():
        raise KeyStoreError(f"{folder} 的签名密钥与证书不是一对")
    return Signer(certificate, key)


def load_identities(folder: Path) -> tuple[Identity, ...]:
    """The age identities of `age.key`, the one in use first.

    Older ones stand on the lines below it for as long as a package sealed to them may be on its way. Raises
    `KeyStoreError` if there is none or the file is readable to others.
    """
    try:
        lines = _secret(folder / "age.key").decode().split()
        identities = tuple(pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-"))
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise KeyStoreError(f"{folder} 的 age.key 不能读取") from error
    if not identities:
        raise KeyStoreError(f"{folder} 的 age.key 中没有密钥")
    return identities


def recipient(identity: Identity) -> str:
    """What others seal to so that this identity can open it: `age1…`, 62 characters."""
    return str(identity.to_public())


def _secret(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise KeyStoreError(f"{path} 可被他人读取，请执行 chmod 600")
    return path.read_bytes()


def _write(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
