"""The DES operations that chips use (ISO/IEC 9797-1, GlobalPlatform, EMV): double-length keys, 8-byte blocks."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK = 8
ZERO = bytes(BLOCK)


def _three(key: bytes) -> TripleDES:
    """K1|K2 becomes K1|K2|K1; a single key becomes K|K|K, which is single DES."""
    return TripleDES(key * 3 if len(key) == BLOCK else key + key[:BLOCK])


def encrypt(key: bytes, data: bytes) -> bytes:
    """ECB; key 8 or 16 bytes, data whole blocks.

    >>> encrypt(bytes.fromhex("0123456789abcdef"), b"Now is t").hex()  # FIPS 81, table B1
    '3fa40e8a984d4815'
    """
    return Cipher(_three(key), modes.ECB()).encryptor().update(data)


def decrypt(key: bytes, data: bytes) -> bytes:
    """ECB, the inverse of `encrypt`."""
    return Cipher(_three(key), modes.ECB()).decryptor().update(data)


def encrypt_cbc(key: bytes, data: bytes, iv: bytes = ZERO) -> bytes:
    """CBC; key 8 or 16 bytes, data whole blocks."""
    return Cipher(_three(key), modes.CBC(iv)).encryptor().update(data)


def pad(data: bytes) -> bytes:
    """Padding method 2 of ISO/IEC 9797-1: 80, then 00 to whole blocks.

    >>> pad(b"abc").hex()
    '6162638000000000'
    """
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def mac(key: bytes, data: bytes) -> bytes:
    """Triple-DES CBC-MAC of padded data, 8 bytes."""
    return encrypt_cbc(key, pad(data))[-BLOCK:]


def retail_mac(key: bytes, data: bytes, iv: bytes = ZERO) -> bytes:
    """MAC algorithm 3 of ISO/IEC 9797-1 (single DES, the last block triple), 8 bytes; key 16 bytes.

    >>> key = bytes.fromhex("7962d9ece03d1acd4c76089dce131543")
    >>> text = bytes.fromhex("72c29c2371cc9bdb65b779b8e8d37b29ecc154aa56a8799fae2f498f76ed92f2")
    >>> retail_mac(key, text).hex()  # ICAO 9303-11, worked example of basic access control
    '5f1448eea8ad90a7'
    """
    data = pad(data)
    if len(data) > BLOCK:
        iv = encrypt_cbc(key[:BLOCK], data[:-BLOCK], iv)[-BLOCK:]
    return encrypt_cbc(key, data[-BLOCK:], iv)


def check_value(key: bytes) -> bytes:
    """Key check value (KCV): the first 3 bytes of a block of zeros encrypted."""
    return encrypt(key, ZERO)[:3]
