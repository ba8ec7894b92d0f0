// Reads a model's mapped files into memory ahead of their use, so that loading has a progress to
// show.
#pragma once

#include <functional>

#include "engine/weights/checkpoint.h"

namespace redline::engine {

// `progress` gets rising fractions on the calling thread. Where the kernel cannot do it (before
// Linux 5.14) or a file was cut short, it does nothing: the weights are then read when they are
// repacked.
void PageIn(const Checkpoint& checkpoint, const std::function<void(double)>& progress);

}  // namespace redline::engine
