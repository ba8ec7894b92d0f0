#include "app/commands.h"

namespace redline::app {

std::vector<Command> AllCommands() {
  return {
      UpCommand(),       DownCommand(),    RestartCommand(), DeployCommand(),  GetCommand(),
      DescribeCommand(), ScaleCommand(),   LogsCommand(),    DeleteCommand(),  ChatCommand(),
      PullCommand(),     ExportCommand(),  EngineCommand(),  CatalogCommand(), CalibrateCommand(),
      PlanCommand(),     ServeCommand(),   BenchCommand(),   CompareCommand(), ReportCommand(),
      SweepCommand(),    TuneCommand(),    ProfileCommand(), DoctorCommand(),  MockServerCommand(),
      SimulateCommand(), JoinCommand(),    LeaveCommand(),   VersionCommand(), CompletionCommand(),
      ServerCommand(),   GatewayCommand(), AgentCommand(),   ShimCommand()};
}

}  // namespace redline::app
