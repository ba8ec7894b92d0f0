// What is checked and done before a database is used: integrity, schema version, backup, migration.
#pragma once

#include "platform/store/database.h"
#include "platform/store/store.h"

namespace redline::platform {

// After this the file is sound and has the newest schema. Otherwise as Store::Open says.
Status PrepareDatabase(Database& database, Migrations migrations);

}  // namespace redline::platform
