"""The types of keys, without the library that makes them."""

from enum import Enum


class KeyType(Enum):
    """Key types; the values are those of --key-type."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ECDSA_P256 = "ecdsa-p256"
    ECDSA_P384 = "ecdsa-p384"
