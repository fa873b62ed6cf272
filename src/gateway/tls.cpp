#include "gateway/tls.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

namespace eventual::gateway {
namespace {

/// In words: the first error is the cause, those after it say who met it.
std::string openssl_reason() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

Error unusable(std::string_view what, const std::string& file) {
  return {std::string(error_names::k_invalid_input),
          fmt::format("{} \"{}\" cannot be used: {}", what, file, openssl_reason())};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::array<unsigned char, 9> k_http{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, k_http.data(), k_http.size(), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SSL* session_of(void* session) { return static_cast<SSL*>(session); }
BIO* bio_of(void* bio) { return static_cast<BIO*>(bio); }

int int_size(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                           const std::string& key_file) {
  ERR_clear_error();
  SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) throw std::bad_alloc();
  std::shared_ptr<const TlsContext> context(new TlsContext(raw));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(raw, certificate_file.c_str()) != 1) {
    return unusable("the certificate", certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("the private key", key_file);
  }
  if (SSL_CTX_check_private_key(raw) != 1) {
    return unusable("with the certificate, the private key", key_file);
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

TlsSession::TlsSession(const TlsContext& context)
    : session_(SSL_new(static_cast<SSL_CTX*>(context.context_))),
      input_(BIO_new(BIO_s_mem())),
      output_(BIO_new(BIO_s_mem())) {
  if (session_ == nullptr || input_ == nullptr || output_ == nullptr) throw std::bad_alloc();
  SSL_set_bio(session_of(session_), bio_of(input_), bio_of(output_));
  SSL_set_accept_state(session_of(session_));
}

TlsSession::~TlsSession() { SSL_free(session_of(session_)); }

void TlsSession::receive(std::string_view encrypted) {
  BIO_write(bio_of(input_), encrypted.data(), int_size(encrypted.size()));
}

TlsSession::Status TlsSession::read(char* data, std::size_t size, std::size_t& got) {
  ERR_clear_error();
  const int count = SSL_read(session_of(session_), data, int_size(size));
  got = count > 0 ? static_cast<std::size_t>(count) : 0;
  if (count > 0) return Status::ok;
  switch (SSL_get_error(session_of(session_), count)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Status::wants_more;
    case SSL_ERROR_ZERO_RETURN:
      return Status::ended;
    default:
      ERR_clear_error();
      return Status::failed;
  }
}

bool TlsSession::established() const noexcept {
  return SSL_is_init_finished(session_of(session_)) == 1;
}

bool TlsSession::write(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    const int count = SSL_write(session_of(session_), plain.data(), int_size(plain.size()));
    if (count <= 0) return false;  // memory takes all there is: only failure stops it
    plain.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void TlsSession::end() {
  if (!established()) return;
  SSL_shutdown(session_of(session_));
  ERR_clear_error();
}

void TlsSession::take_output(std::string& out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio_of(output_), &data);
  if (size > 0) out.append(data, static_cast<std::size_t>(size));
  (void)BIO_reset(bio_of(output_));
}

bool TlsSession::has_output() const noexcept { return BIO_pending(bio_of(output_)) > 0; }

}  // namespace eventual::gateway
