#include "app/commands.h"

int main(int argc, char** argv) {
  return redline::app::RunCommandLine(redline::app::AllCommands(), argc, argv);
}
