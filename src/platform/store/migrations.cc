#include <array>

#include "platform/store/store.h"

namespace redline::platform {
namespace {

// Nouns are kept in their JSON form (spec/), so that a new field needs no migration; columns of
// their own are what SQL has to find. `position` keeps the order of creation.
constexpr std::string_view kVersion1 = R"sql(
create table meta (name varchar(64) primary key, value bigint not null);
insert into meta (name, value) values ('revision', 1);
create table deployments (
  position integer primary key, name varchar(64) not null unique, body text not null);
create table instances (
  position integer primary key, id varchar(64) not null unique, wanted integer not null,
  body text not null);
create table workers (
  position integer primary key, id varchar(64) not null unique, body text not null);
create table keys (
  position integer primary key, id varchar(64) not null unique, sha256 varchar(64) not null,
  scopes text not null);
create table events (
  position integer primary key, deployment varchar(64) not null, instance_id varchar(64) not null,
  at_ms bigint not null, state varchar(32) not null, reason text not null);
create index events_by_deployment on events (deployment, position)
)sql";

constexpr std::array<std::string_view, 1> kMigrations = {kVersion1};

}  // namespace

Migrations AllMigrations() { return kMigrations; }

}  // namespace redline::platform
