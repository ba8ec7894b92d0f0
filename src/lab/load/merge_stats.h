// Puts together what the threads of a run counted.
#pragma once

#include <span>

#include "lab/load/load_progress.h"
#include "lab/load/load_result.h"
#include "lab/load/thread_stats.h"

namespace redline::lab {

void AddTo(const ThreadStats& stats, LoadProgress& progress);
// Fills all of `result` but its records and its begin, which are there.
void MergeStats(std::span<ThreadStats* const> threads, LoadResult& result);

}  // namespace redline::lab
