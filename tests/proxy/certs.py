# SPDX-License-Identifier: MIT
"""Throw-away CA, server and client certificates (needs python3-cryptography)."""
import os, datetime, ipaddress
from cryptography import x509
from cryptography.x509.oid import NameOID, ExtendedKeyUsageOID
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
U = datetime.datetime.utcnow
def _name(cn): return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])
def _w(p, b):
    fd = os.open(p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600); os.write(fd, b); os.close(fd)
def _pem(k): return k.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
def make(d):
    """writes into d: ca.pem, rogue-ca.pem; server-{ok,expired,wronghost,selfsigned,rogue}.{pem,key};
    client{,-expired,-rogue}.{pem,key}"""
    os.makedirs(d, exist_ok=True)
    if os.path.exists(d + '/done'): return d
    def ca(cn, f):
        k = ec.generate_private_key(ec.SECP256R1()); n = _name(cn)
        c = (x509.CertificateBuilder().subject_name(n).issuer_name(n).public_key(k.public_key()).serial_number(x509.random_serial_number())
             .not_valid_before(U() - datetime.timedelta(days=1)).not_valid_after(U() + datetime.timedelta(days=30))
             .add_extension(x509.BasicConstraints(True, None), True)
             .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(k.public_key()), False).sign(k, hashes.SHA256()))
        _w(f'{d}/{f}.pem', c.public_bytes(serialization.Encoding.PEM)); return c, k
    good, rogue = ca('sigproxy test CA', 'ca'), ca('rogue CA', 'rogue-ca')
    def leaf(f, issuer, cn, sans, eku, start=-1, end=30):
        k = ec.generate_private_key(ec.SECP256R1())
        b = (x509.CertificateBuilder().subject_name(_name(cn)).public_key(k.public_key()).serial_number(x509.random_serial_number())
             .not_valid_before(U() + datetime.timedelta(days=start)).not_valid_after(U() + datetime.timedelta(days=end))
             .add_extension(x509.BasicConstraints(False, None), True).add_extension(x509.ExtendedKeyUsage([eku]), False))
        if sans: b = b.add_extension(x509.SubjectAlternativeName(sans), False)
        if issuer: c = b.issuer_name(issuer[0].subject).sign(issuer[1], hashes.SHA256())
        else: c = b.issuer_name(_name(cn)).sign(k, hashes.SHA256())
        _w(f'{d}/{f}.pem', c.public_bytes(serialization.Encoding.PEM)); _w(f'{d}/{f}.key', _pem(k))
    S, C = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    san = [x509.DNSName('localhost'), x509.IPAddress(ipaddress.ip_address('127.0.0.1')), x509.IPAddress(ipaddress.ip_address('::1')),
           x509.DNSName('dynamodb.us-east-1.amazonaws.com'), x509.DNSName('credentials.iot.us-east-1.amazonaws.com'), x509.DNSName('sts.us-east-1.amazonaws.com')]
    leaf('server-ok', good, 'localhost', san, S); leaf('server-expired', good, 'localhost', san, S, -20, -10)
    leaf('server-wronghost', good, 'other.example', [x509.DNSName('other.example')], S)
    leaf('server-selfsigned', None, 'localhost', san, S); leaf('server-rogue', rogue, 'localhost', san, S)
    leaf('client', good, 'thing-1', None, C); leaf('client-expired', good, 'thing-1', None, C, -20, -10); leaf('client-rogue', rogue, 'thing-1', None, C)
    open(d + '/done', 'w').close(); return d
if __name__ == '__main__':
    import sys; print(make(sys.argv[1]))
