// TLS: whom the client believes.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "client/http_client.hpp"
#include "client/raw_server.hpp"
#include "eventual/client.hpp"

namespace eventual::client {
namespace {

using testing::Peer;
using testing::RawServer;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

/// A certificate for `name` that signs itself.
struct Identity {
  explicit Identity(const std::string& name) {
    key.reset(EVP_EC_gen("P-256"));
    certificate.reset(X509_new());
    X509* x509 = certificate.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key.get());
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    const std::string alternative = "DNS:" + name;
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x509, key.get(), EVP_sha256());
  }

  void write(const std::string& path) const {
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
  }

  std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>> key;
  std::unique_ptr<X509, Freed<&X509_free>> certificate;
};

/// Whether the text is a request with all of its body.
bool is_whole(const std::string& request) {
  const std::size_t end = request.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::size_t at = request.find("Content-Length: ");
  const std::size_t length = at < end ? std::stoul(request.substr(at + 16)) : 0;
  return request.size() >= end + 4 + length;
}

/// Answers one request with the JSON text "safe", when the client goes so far.
void serve(const Identity& identity, Peer& peer) {
  const std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(context.get(), identity.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
  const std::unique_ptr<SSL, Freed<&SSL_free>> ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), peer.socket());
  if (SSL_accept(ssl.get()) != 1) return;
  std::string request;
  char bytes[4096];
  while (!is_whole(request)) {
    const int size = SSL_read(ssl.get(), bytes, sizeof bytes);
    if (size <= 0) return;
    request.append(bytes, static_cast<std::size_t>(size));
  }
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\"safe\"";
  SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
}

class Tls : public ::testing::Test {
 protected:
  Tls() : ca_(std::filesystem::temp_directory_path() / ("eventual-ca-" + unique())) {}
  ~Tls() override { std::filesystem::remove(ca_); }

  static std::string unique() {
    return std::to_string(::getpid()) + "-" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  /// What a client that trusts `trusted` gets of a server that is `served`, by the address
  /// "localhost".
  Result<http::Response> ask(const Identity& served, const Identity& trusted) {
    trusted.write(ca_);
    RawServer server({[&](Peer& peer) { serve(served, peer); }});
    HttpClientOptions options;
    options.ca_file = ca_;
    auto client =
        HttpClient::make("https://localhost:" + std::to_string(server.port()), options).value();
    return client->send({.method = http::Method::get, .target = "/"});
  }

  std::string ca_;
};

TEST_F(Tls, AServerWithATrustedCertificateOfItsNameIsBelieved) {
  const Identity identity("localhost");
  EXPECT_EQ(ask(identity, identity).value().body, R"("safe")");
}

struct Vault {
  Command<std::string, std::string> state{"state"};
};

TEST_F(Tls, AServiceClientBelievesWhomItIsTold) {
  const Identity identity("localhost");
  identity.write(ca_);
  const RawServer server(
      {[&](Peer& peer) { serve(identity, peer); }, [&](Peer& peer) { serve(identity, peer); }});
  const std::string url = "https://localhost:" + std::to_string(server.port());
  const ServiceClient<Vault> trusting(url, {.ca_file = ca_});
  EXPECT_EQ(trusting->state("now").get(), "safe");
  const ServiceClient<Vault> careful(url);
  try {
    (void)careful->state("now").get();
    FAIL() << "it believed a stranger";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "Unavailable");
    EXPECT_NE(error.message().find("certificate verify failed"), std::string::npos)
        << error.message();
  }
}

TEST_F(Tls, AServerThatNobodyVouchesForIsNot) {
  const auto answer = ask(Identity("localhost"), Identity("localhost"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), k_unreachable);
  EXPECT_NE(answer.error().message().find("certificate verify failed"), std::string::npos)
      << answer.error().message();
}

TEST_F(Tls, ACertificateOfAnotherNameIsNot) {
  const Identity identity("shop.example");
  const auto answer = ask(identity, identity);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), k_unreachable);
}

TEST_F(Tls, AFileOfAuthoritiesThatCannotBeReadIsNamed) {
  HttpClientOptions options;
  options.ca_file = "/nowhere/ca.pem";
  const auto client = HttpClient::make("https://localhost:1", options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().name(), "InvalidInput");
  EXPECT_NE(client.error().message().find("/nowhere/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace eventual::client
