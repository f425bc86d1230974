/* OpenSSL 3: its functions as they are, and its macros, which Swift does not see, as functions and constants. */
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* Contexts. */

static inline int colonnade_ssl_only_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version) == 1 && SSL_CTX_set_max_proto_version(context, version) == 1;
}

static inline void colonnade_ssl_set_mode(SSL_CTX *context) {
    /* A write may move a part, and be tried again from another copy of the same bytes. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/* Neither resumption nor renegotiation: every connection is authenticated again. */
static inline void colonnade_ssl_no_shortcuts(SSL_CTX *context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_max_early_data(context, 0);
}

static inline void colonnade_ssl_read_ahead(SSL_CTX *context, size_t bytes) {
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, bytes);
}

static inline int colonnade_ssl_groups(SSL_CTX *context, const char *names) {
    return SSL_CTX_set1_groups_list(context, names) == 1;
}

static const int colonnade_ssl_verify_both = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
static const unsigned long colonnade_x509_crl_check = X509_V_FLAG_CRL_CHECK;

/* Errors. */

static inline int colonnade_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int colonnade_error_is_ssl(unsigned long code) { return ERR_GET_LIB(code) == ERR_LIB_SSL; }
static inline int colonnade_error_is_system(unsigned long code) { return ERR_SYSTEM_ERROR(code); }

/* Memory. */

static inline long colonnade_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

/* Keys and certificates. */

static inline EVP_PKEY *colonnade_new_key(void) { return EVP_EC_gen("P-256"); }

static inline int colonnade_add_extension(X509 *certificate, X509 *issuer, int identifier, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, identifier, value);
    if (!extension) return 0;
    int status = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return status;
}

/* The place-th URI among a certificate's alternative names: its length, copied where it is shorter than the room;
   0 where there is none. A name that contains a zero byte is none. */
static inline int colonnade_certificate_uri(const X509 *certificate, int place, char *text, int room) {
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int length = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); ++i) {
        int type = 0;
        const ASN1_IA5STRING *value = (const ASN1_IA5STRING *)GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_URI || place-- > 0) continue;
        int count = ASN1_STRING_length(value);
        const unsigned char *bytes = ASN1_STRING_get0_data(value);
        if (count > 0 && count < room && !memchr(bytes, 0, (size_t)count)) {
            memcpy(text, bytes, (size_t)count);
            text[count] = 0;
            length = count;
        }
        break;
    }
    GENERAL_NAMES_free(names);
    return length;
}

static inline int colonnade_revoked_count(X509_CRL *list) {
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
    return entries ? sk_X509_REVOKED_num(entries) : 0;
}

static inline const X509_REVOKED *colonnade_revoked_at(X509_CRL *list, int place) {
    return sk_X509_REVOKED_value(X509_CRL_get_REVOKED(list), place);
}
