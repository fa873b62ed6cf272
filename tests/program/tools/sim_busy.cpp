#include "testing/busy.hpp"

int main(int argc, char** argv) {
  eventual::Service service("busy");
  eventual::busy::declare(service);
  return service.run(argc, argv);
}
