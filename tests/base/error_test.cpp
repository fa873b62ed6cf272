#include "eventual/error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace eventual {
namespace {

template <class Thrown>
Error describe_thrown(Thrown thrown) {
  return describe(std::make_exception_ptr(std::move(thrown)));
}

struct PaymentDeclined : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(ErrorTest, DescribingAnErrorKeepsAllItsParts) {
  const Error error("OrderCancelled", "order 7", R"({"id":7})");
  EXPECT_EQ(describe_thrown(error), error);
}

TEST(ErrorTest, DescribingAStandardExceptionNamesItsClass) {
  const Error error = describe_thrown(std::out_of_range("index 3"));
  EXPECT_EQ(error.name(), "std::out_of_range");
  EXPECT_EQ(error.message(), "index 3");
  EXPECT_NE(describe_thrown(PaymentDeclined("no")).name().find("PaymentDeclined"),
            std::string::npos);
}

TEST(ErrorTest, DescribingAnythingElseNamesItErrorAndTellsItsType) {
  const Error error = describe_thrown(42);
  EXPECT_EQ(error.name(), "Error");
  EXPECT_NE(error.message().find("int"), std::string::npos);
}

TEST(ErrorTest, IsThrownAsTheClassThatItsNameBelongsTo) {
  EXPECT_THROW(throw_error(Error("Timeout", "late")), Timeout);
  EXPECT_THROW(throw_error(Error("Cancelled", "stop")), Cancelled);
  try {
    throw_error(Error("Timeout", "late", "[1]"));
  } catch (const Error& error) {
    EXPECT_EQ(error, Error("Timeout", "late", "[1]"));
  }
  try {
    throw_error(Error("OrderCancelled", "x"));
  } catch (const Timeout&) {
    FAIL() << "thrown as a Timeout";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "OrderCancelled");
  }
}

TEST(ResultTest, ThrowsItsErrorWhenAskedForAValueThatIsNotThere) {
  Result<int> result = Error("NotFound", "nothing");
  EXPECT_FALSE(result.ok());
  EXPECT_THROW(result.value(), Error);
  EXPECT_EQ(Result<int>(3).value(), 3);
  EXPECT_TRUE(Result<void>().ok());
  EXPECT_THROW(Result<void>(Error("Timeout", "late")).value(), Timeout);
}

}  // namespace
}  // namespace eventual
