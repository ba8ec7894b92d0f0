// Every subcommand, one file each. The list is commands.cc; adding one is a file and a line.
#pragma once

#include <vector>

#include "app/command.h"

namespace redline::app {

Command UpCommand();
Command DownCommand();
Command RestartCommand();
Command DeployCommand();
Command GetCommand();
Command DescribeCommand();
Command ScaleCommand();
Command LogsCommand();
Command DeleteCommand();
Command ChatCommand();
Command PullCommand();
Command ExportCommand();
Command ServeCommand();
Command BenchCommand();
Command CompareCommand();
Command ReportCommand();
Command SweepCommand();
Command DoctorCommand();
Command MockServerCommand();
Command VersionCommand();
Command CompletionCommand();
Command EngineCommand();
Command CatalogCommand();
Command CalibrateCommand();
Command PlanCommand();
Command TuneCommand();
Command ProfileCommand();
Command SimulateCommand();
Command JoinCommand();
Command LeaveCommand();

// Hidden roles, started by other processes.
Command ServerCommand();
Command GatewayCommand();
Command AgentCommand();
Command ShimCommand();

std::vector<Command> AllCommands();

}  // namespace redline::app
