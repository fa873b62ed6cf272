// expect: this class has no JSON form. Use a plain struct
#include "eventual/schema.hpp"

class Order {
 public:
  explicit Order(int amount) : amount_(amount) {}

 private:
  int amount_;
};
std::string text = eventual::to_json(Order(1));
