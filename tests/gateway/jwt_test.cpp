#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "eventual/middleware.hpp"

namespace eventual::middleware {
namespace {

std::string base64url(std::string_view bytes) {
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text.push_back(k_digits[held >> (bits - 6) & 63]);
  }
  if (bits > 0) text.push_back(k_digits[held << (6 - bits) & 63]);
  return text;
}

const std::string k_secret = "a secret of more than thirty-two bytes";

std::string hs256(std::string_view text, std::string_view key) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return {reinterpret_cast<const char*>(mac), size};
}

/// An RSA key pair.
class Rsa {
 public:
  explicit Rsa(unsigned bits) : key_(EVP_RSA_gen(bits)) {}
  ~Rsa() { EVP_PKEY_free(key_); }
  Rsa(const Rsa&) = delete;
  Rsa& operator=(const Rsa&) = delete;

  std::string sign(std::string_view text) const {
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_);
    EVP_DigestSign(context.get(), nullptr, &size, data, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                   text.size());
    signature.resize(size);
    return signature;
  }

  std::string public_pem() const {
    std::unique_ptr<BIO, void (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free_all);
    PEM_write_bio_PUBKEY(out.get(), key_);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::string jwk(const std::string& id) const {
    return R"({"kty":"RSA","use":"sig","alg":"RS256","kid":")" + id + R"(","n":")" +
           number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" + number(OSSL_PKEY_PARAM_RSA_E) + "\"}";
  }

 private:
  std::string number(const char* name) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_, name, &number);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(number);
    return base64url(bytes);
  }

  EVP_PKEY* key_;
};

const Rsa& rsa() {
  static const Rsa key(2048);
  return key;
}
const Rsa& other_rsa() {
  static const Rsa key(2048);
  return key;
}

class File {
 public:
  explicit File(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("jwt-" + std::to_string(::getpid()) + "-" + std::to_string(++g_count))) {
    write(text);
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  std::string path() const { return path_.string(); }

 private:
  static inline int g_count = 0;
  std::filesystem::path path_;
};

std::int64_t seconds_from_now(std::int64_t seconds) {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
             .count() +
         seconds;
}

Json valid_claims() { return Json::object({{"sub", "u-1"}, {"exp", seconds_from_now(3600)}}); }

std::string unsigned_token(const std::string& header, const Json& claims) {
  return base64url(header) + "." + base64url(claims.dump());
}

std::string hs_token(const Json& claims = valid_claims(),
                     const std::string& header = R"({"alg":"HS256","typ":"JWT"})",
                     const std::string& key = k_secret) {
  const std::string text = unsigned_token(header, claims);
  return text + "." + base64url(hs256(text, key));
}

std::string rs_token(const Rsa& key, const Json& claims = valid_claims(),
                     const std::string& header = R"({"alg":"RS256"})") {
  const std::string text = unsigned_token(header, claims);
  return text + "." + base64url(key.sign(text));
}

Claims check(const Jwt& jwt, const std::string& token) {
  http::Request request;
  request.headers = {{"Authorization", "Bearer " + token}};
  return jwt(request);
}

/// "401: why", or "accepted".
std::string verdict(const Jwt& jwt, const std::string& token) {
  try {
    (void)check(jwt, token);
    return "accepted";
  } catch (const http::HttpError& error) {
    return std::to_string(error.status()) + ": " + error.message();
  }
}

JwtOptions with_secret() { return {.secret = Secret::literal(k_secret)}; }

TEST(Jwt, GivesTheClaimsOfAValidToken) {
  Json claims = valid_claims();
  claims.set("iss", "https://id.example");
  claims.set("aud", Json::array({"shop", "bank"}));
  claims.set("scope", "orders:read orders:write");
  claims.set("role", "admin");
  const Claims given = check(Jwt(with_secret()), hs_token(claims));
  EXPECT_EQ(given.subject, "u-1");
  EXPECT_EQ(given.issuer, "https://id.example");
  EXPECT_EQ(given.audience, (std::vector<std::string>{"shop", "bank"}));
  EXPECT_EQ(given.scopes, (std::vector<std::string>{"orders:read", "orders:write"}));
  EXPECT_EQ(given.all["role"], Json("admin"));
  EXPECT_TRUE(given.expires_at.has_value());
}

TEST(Jwt, ARequestWithoutABearerTokenIsToldSo) {
  const Jwt jwt(with_secret());
  for (const http::Fields& headers :
       {http::Fields{}, http::Fields{{"authorization", "Basic dTpw"}},
        http::Fields{{"authorization", "Bearer"}}, http::Fields{{"authorization", hs_token()}}}) {
    http::Request request;
    request.headers = headers;
    try {
      (void)jwt(request);
      FAIL() << "nothing proves who calls";
    } catch (const http::HttpError& error) {
      EXPECT_EQ(error.status(), 401);
      EXPECT_EQ(http::find(error.headers(), "www-authenticate"), "Bearer");
    }
  }
}

TEST(Jwt, ASignatureOfAnotherKeyOrOfOtherTextIsRefused) {
  const Jwt jwt(with_secret());
  EXPECT_EQ(verdict(jwt, hs_token()), "accepted");
  EXPECT_EQ(verdict(jwt, hs_token(valid_claims(), R"({"alg":"HS256"})", k_secret + "x")),
            "401: the token's signature is not valid");
  const std::string token = hs_token();
  Json admin = valid_claims();
  admin.set("sub", "admin");
  const std::string forged =
      unsigned_token(R"({"alg":"HS256","typ":"JWT"})", admin) + token.substr(token.rfind('.'));
  EXPECT_EQ(verdict(jwt, forged), "401: the token's signature is not valid");
  EXPECT_EQ(verdict(jwt, token.substr(0, token.size() - 3)).substr(0, 4), "401:");
}

TEST(Jwt, NoAlgorithmIsNoSignature) {
  const Jwt jwt(with_secret());
  for (const std::string name : {"none", "None", "NONE", "nOnE", "HS512", "ES256", "hs256", ""}) {
    const std::string text = unsigned_token("{\"alg\":\"" + name + "\"}", valid_claims());
    EXPECT_EQ(verdict(jwt, text + "." + base64url(hs256(text, k_secret))),
              "401: the token's algorithm is not accepted")
        << name;
    EXPECT_EQ(verdict(jwt, text + "."), "401: the token is malformed") << name;
  }
  EXPECT_EQ(verdict(jwt, hs_token(valid_claims(), R"({"typ":"JWT"})")),
            "401: the token's algorithm is not accepted");
  EXPECT_EQ(verdict(jwt, hs_token(valid_claims(), R"({"alg":["HS256"]})")),
            "401: the token's algorithm is not accepted");
}

TEST(Jwt, APublicKeyIsNeverTakenForASecret) {
  const File pem(rsa().public_pem());
  const Jwt jwt({.public_key_file = pem.path()});
  EXPECT_EQ(verdict(jwt, rs_token(rsa())), "accepted");
  EXPECT_EQ(verdict(jwt, hs_token(valid_claims(), R"({"alg":"HS256"})", rsa().public_pem())),
            "401: the token's signature is not valid");
  EXPECT_EQ(verdict(jwt, rs_token(other_rsa())), "401: the token's signature is not valid");
  // Nor a secret for a public key.
  const Jwt secret(with_secret());
  EXPECT_EQ(verdict(secret, rs_token(rsa())), "401: the token's signature is not valid");
}

TEST(Jwt, TheTimesOfATokenCountWithSomeLeeway) {
  const Jwt jwt(with_secret());
  const auto with = [](std::int64_t exp, std::int64_t nbf) {
    return hs_token(Json::object(
        {{"exp", seconds_from_now(exp)}, {"nbf", seconds_from_now(nbf)}, {"sub", "u"}}));
  };
  EXPECT_EQ(verdict(jwt, with(600, -600)), "accepted");
  EXPECT_EQ(verdict(jwt, with(-600, -900)), "401: the token has expired");
  EXPECT_EQ(verdict(jwt, with(900, 600)), "401: the token is not valid yet");
  JwtOptions lenient = with_secret();
  lenient.leeway = std::chrono::hours(1);
  EXPECT_EQ(verdict(Jwt(lenient), with(-600, -900)), "accepted");
  EXPECT_EQ(verdict(Jwt(lenient), with(900, 600)), "accepted");
  EXPECT_EQ(verdict(jwt, hs_token(Json::object({{"exp", "tomorrow"}}))),
            "401: the token's exp is no time");
  EXPECT_EQ(verdict(jwt, hs_token(Json::object({{"exp", 1e300}}))),
            "401: the token's exp is no time");
}

TEST(Jwt, ATokenWithoutEndIsRefusedUnlessItIsAskedFor) {
  const std::string token = hs_token(Json::object({{"sub", "u"}}));
  EXPECT_EQ(verdict(Jwt(with_secret()), token), "401: the token has no end");
  JwtOptions options = with_secret();
  options.expiry_required = false;
  EXPECT_EQ(verdict(Jwt(options), token), "accepted");
}

TEST(Jwt, IssuerAudienceAndScopesMustBeThoseThatAreAskedFor) {
  JwtOptions options = with_secret();
  options.issuer = "https://id.example";
  options.audience = "shop";
  options.scopes = {"orders:read"};
  const Jwt jwt(options);
  Json claims = valid_claims();
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "401: the token is of another issuer");
  claims.set("iss", "https://id.example");
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "401: the token is for another audience");
  claims.set("aud", "bank");
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "401: the token is for another audience");
  claims.set("aud", "shop");
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "403: the token lacks the scope orders:read");
  claims.set("scope", "orders:readwrite");
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "403: the token lacks the scope orders:read");
  claims.set("scope", "orders:write orders:read");
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "accepted");
  claims.set("aud", Json::array({"shop", 1}));
  EXPECT_EQ(verdict(jwt, hs_token(claims)), "401: the token's aud holds more than texts");
}

TEST(Jwt, AKeySetIsAskedByTheNameOfTheKey) {
  const File set("{\"keys\":[" + rsa().jwk("a") + "," + other_rsa().jwk("b") +
                 R"(,{"kty":"EC","kid":"c"},{"kty":"RSA","use":"enc","kid":"d"}]})");
  const Jwt jwt({.jwks_file = set.path()});
  EXPECT_EQ(verdict(jwt, rs_token(rsa(), valid_claims(), R"({"alg":"RS256","kid":"a"})")),
            "accepted");
  EXPECT_EQ(verdict(jwt, rs_token(other_rsa(), valid_claims(), R"({"alg":"RS256","kid":"b"})")),
            "accepted");
  EXPECT_EQ(verdict(jwt, rs_token(rsa(), valid_claims(), R"({"alg":"RS256","kid":"b"})")),
            "401: the token's signature is not valid");
  EXPECT_EQ(verdict(jwt, rs_token(rsa(), valid_claims(), R"({"alg":"RS256","kid":"z"})")),
            "401: the token's signature is not valid");
  EXPECT_EQ(verdict(jwt, rs_token(rsa(), valid_claims(), R"({"alg":"RS256","kid":7})")),
            "401: the token is malformed");
  EXPECT_EQ(verdict(jwt, rs_token(rsa())), "accepted");
}

TEST(Jwt, ANewKeyOfTheSetIsFoundWhenATokenNamesIt) {
  const File set("{\"keys\":[" + rsa().jwk("a") + "]}");
  const Jwt jwt({.jwks_file = set.path()});
  EXPECT_EQ(verdict(jwt, rs_token(rsa(), valid_claims(), R"({"alg":"RS256","kid":"a"})")),
            "accepted");
  set.write("{\"keys\":[" + other_rsa().jwk("b") + "]}");
  EXPECT_EQ(verdict(jwt, rs_token(other_rsa(), valid_claims(), R"({"alg":"RS256","kid":"b"})")),
            "accepted");
  // The old one is gone with that.
  EXPECT_EQ(verdict(jwt, rs_token(rsa(), valid_claims(), R"({"alg":"RS256","kid":"a"})")),
            "401: the token's signature is not valid");
}

TEST(Jwt, DemandsThatAreNotKnownAreNotIgnored) {
  EXPECT_EQ(verdict(Jwt(with_secret()),
                    hs_token(valid_claims(), R"({"alg":"HS256","crit":["b64"],"b64":false})")),
            "401: the token demands what is not known here");
}

TEST(Jwt, MalformedTokensAreRefused) {
  const Jwt jwt(with_secret());
  const std::string good = hs_token();
  for (const std::string& bad :
       {std::string("x"), std::string("a.b"), std::string("..."), std::string(".."), good + ".x",
        good + "=", "=" + good, base64url("[]") + good.substr(good.find('.')),
        base64url("{\"alg\":\"HS256\"") + good.substr(good.find('.')),
        std::string(9000, 'a') + "." + good}) {
    EXPECT_EQ(verdict(jwt, bad).substr(0, 4), "401:") << bad.substr(0, 60);
  }
}

TEST(Jwt, KeysThatCannotBeUsedAreToldBeforeTheServiceServes) {
  EXPECT_EQ(Jwt(with_secret()).info().problem(), "");
  EXPECT_NE(Jwt(JwtOptions{}).info().problem().find("it has no key"), std::string::npos);
  EXPECT_NE(Jwt({.secret = Secret::literal("short")}).info().problem().find("at least 32 bytes"),
            std::string::npos);
  EXPECT_NE(Jwt({.jwks_file = "/nowhere/keys.json"}).info().problem().find("/nowhere/keys.json"),
            std::string::npos);
  const Rsa small(1024);
  const File pem(small.public_pem());
  EXPECT_NE(Jwt({.public_key_file = pem.path()}).info().problem().find("at least 2048 bits"),
            std::string::npos);
  const File set("{\"keys\":[" + small.jwk("a") + "]}");
  EXPECT_NE(Jwt({.jwks_file = set.path()}).info().problem().find("at least 2048 bits"),
            std::string::npos);
}

}  // namespace
}  // namespace eventual::middleware
