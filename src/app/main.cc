#include <fcntl.h>
#include <unistd.h>

#include "app/commands.h"

namespace {

// Started without one of the standard descriptors, a file that is opened would take its number.
void OpenStandardDescriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= 2) fd = ::open("/dev/null", O_RDWR);
  if (fd > 2) ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  OpenStandardDescriptors();
  return redline::app::RunCommandLine(redline::app::AllCommands(), argc, argv);
}
