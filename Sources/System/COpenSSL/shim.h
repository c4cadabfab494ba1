// OpenSSL 3, as the system ships it. The Swift importer sees functions and plain constants; what OpenSSL
// defines as function-like macros is wrapped here, one line each, named hawser_<original>.

#ifndef HAWSER_COPENSSL_SHIM_H
#define HAWSER_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#endif
