// OpenSSL 3, as the system ships it. The Swift importer sees functions and plain constants; what OpenSSL
// defines as function-like macros is wrapped here, one line each, named hawser_<original>.

#ifndef HAWSER_COPENSSL_SHIM_H
#define HAWSER_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Options expand to a shift, which the importer does not evaluate.
static const uint64_t hawser_SSL_OP_NO_TICKET = SSL_OP_NO_TICKET;
static const uint64_t hawser_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t hawser_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t hawser_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;

/// Names on one line without spaces around `=`; multi-byte characters stay as they are.
static const unsigned long hawser_X509_NAME_FLAGS = XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ & ~ASN1_STRFLGS_ESC_MSB;

// SSL_CTX and SSL

static inline int hawser_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int hawser_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline long hawser_SSL_CTX_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

static inline long hawser_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline void hawser_SSL_CTX_set_tlsext_servername_callback(
    SSL_CTX *context, int (*callback)(SSL *, int *, void *)) {
    (void)SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline int hawser_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// BIO

static inline void hawser_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

static inline void hawser_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline long hawser_BIO_get_mem_data(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// Keys

static inline EVP_PKEY *hawser_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }

// Stacks are macros over a generic stack. The importer sees every STACK_OF as an opaque pointer.

static inline STACK_OF(X509) *hawser_sk_X509_new_null(void) { return sk_X509_new_null(); }

/// Adds one more reference to the certificate, which the stack then owns.
static inline int hawser_sk_X509_push_up_ref(STACK_OF(X509) *stack, X509 *certificate) {
    if (X509_up_ref(certificate) != 1) return 0;
    if (sk_X509_push(stack, certificate) > 0) return 1;
    X509_free(certificate);
    return 0;
}

static inline void hawser_sk_X509_pop_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

static inline GENERAL_NAMES *hawser_GENERAL_NAMES_new(void) { return sk_GENERAL_NAME_new_null(); }

static inline int hawser_sk_GENERAL_NAME_num(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

/// Type (GEN_DNS, GEN_URI, ...) of the name at `index`; its text for the two types that are IA5 strings, else NULL.
static inline const ASN1_STRING *hawser_GENERAL_NAME_ia5(const GENERAL_NAMES *names, int index, int *type) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    *type = name->type;
    return name->type == GEN_DNS || name->type == GEN_URI ? name->d.ia5 : NULL;
}

/// Appends a DNS or URI name. The stack owns the copy.
static inline int hawser_GENERAL_NAMES_add(GENERAL_NAMES *names, int type, const char *text, int count) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();
    if (name == NULL || string == NULL || ASN1_STRING_set(string, text, count) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(string);
        return 0;
    }
    GENERAL_NAME_set0_value(name, type, string);
    if (sk_GENERAL_NAME_push(names, name) > 0) return 1;
    GENERAL_NAME_free(name);
    return 0;
}

/// An extended key usage with the given purposes (NIDs), or NULL.
static inline EXTENDED_KEY_USAGE *hawser_EXTENDED_KEY_USAGE_make(const int *nids, int count) {
    EXTENDED_KEY_USAGE *usage = sk_ASN1_OBJECT_new_null();
    for (int index = 0; usage != NULL && index < count; index++) {
        // Built-in objects are static: freeing the stack with them is harmless.
        if (sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(nids[index])) <= 0) {
            EXTENDED_KEY_USAGE_free(usage);
            return NULL;
        }
    }
    return usage;
}

#endif
