// `redline shim` for tests: test_shim --dir DIR.
#include "backends/launch/shim.h"

int main(int argc, char** argv) {
  return argc == 3 ? redline::backends::RunShim({.dir = argv[2]}) : 2;
}
