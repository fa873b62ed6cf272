// Tokens of task attempts: only those that were signed with this key are good.
#include "host/tokens.hpp"

#include <gtest/gtest.h>

#include "store/memory/memory_store.hpp"

namespace eventual::host {
namespace {

const ports::AttemptName k_name{"ship/o-1", 2, 300, 4, "book"};

TEST(Tokens, NameTheAttemptThatTheyWereSignedFor) {
  const Tokens tokens("one key");
  const auto name = tokens.verify(tokens.sign(k_name));
  ASSERT_TRUE(name) << name.error().what();
  EXPECT_EQ(*name, k_name);
  EXPECT_EQ(tokens.sign(k_name), tokens.sign(k_name));
}

TEST(Tokens, AreRefusedWhenAnyCharacterWasChangedOrIsMissing) {
  const Tokens tokens("one key");
  const std::string token = tokens.sign(k_name);
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'B', '.', '=', '\0', 'z'}) {
      if (token[i] == c) continue;
      std::string altered = token;
      altered[i] = c;
      EXPECT_EQ(tokens.verify(altered).error().name(), error_names::k_not_allowed) << altered;
    }
    EXPECT_FALSE(tokens.verify(token.substr(0, i)));
  }
  EXPECT_FALSE(tokens.verify(token + "A"));
  EXPECT_FALSE(tokens.verify(""));
  EXPECT_FALSE(tokens.verify("ev1."));
  EXPECT_FALSE(tokens.verify("ev1.."));
}

TEST(Tokens, OfAnotherKeyAreRefused) {
  EXPECT_FALSE(Tokens("another key").verify(Tokens("one key").sign(k_name)));
}

TEST(Tokens, TheKeyIsMadeAtTheFirstStartAndKept) {
  store::MemoryStore store;
  const auto first = Tokens::open(store).value();
  const auto second = Tokens::open(store).value();
  EXPECT_TRUE(second->verify(first->sign(k_name)));
  store::MemoryStore other;
  EXPECT_FALSE(Tokens::open(other).value()->verify(first->sign(k_name)));
}

}  // namespace
}  // namespace eventual::host
