// Damages the headers of model files at random and opens the result. Every outcome but a
// clean open or a named error is a failure; sanitizers make it a strict test. REDLINE_MUTATIONS
// sets the number of files (500 by default).
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "base/sanitizers.h"
#include "base/strings.h"
#include "engine/weights/dequantize.h"
#include "engine/weights/safetensors_reader.h"
#include "engine/weights/tensor_set.h"
#include "engine/weights/test_files.h"

namespace redline::engine {
namespace {

constexpr bool kMeasuresMemory = !kIsSanitized;

int NumMutations() {
  const char* text = std::getenv("REDLINE_MUTATIONS");
  return static_cast<int>(ParseInt64(text == nullptr ? "" : text).value_or(500));
}

int64_t PeakRssBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * int64_t{1024};
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  // One to four changes to the first `header_bytes` of the file; now and then a cut anywhere.
  std::string Mutate(std::string file, size_t header_bytes) {
    const size_t num_changes = 1 + Below(4);
    for (size_t i = 0; i < num_changes; ++i) Change(file, std::min(header_bytes, file.size()));
    if (Below(8) == 0) file.resize(1 + Below(file.size()));
    return file;
  }

 private:
  size_t Below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void Change(std::string& file, size_t header_bytes) {
    const size_t at = Below(header_bytes);
    const size_t length = std::min(Below(16) + 1, file.size() - at);
    switch (Below(5)) {
      case 0:
        file[at] = static_cast<char>(random_());
        break;
      case 1:
        file[at] = static_cast<char>(file[at] ^ (1 << Below(8)));
        break;
      case 2:
        Overwrite(file, at, Interesting());
        break;
      case 3:
        file.erase(at, length);
        break;
      default:
        file.insert(Below(header_bytes), file.substr(at, length));
    }
  }

  uint64_t Interesting() {
    constexpr uint64_t kValues[] = {0,          1,          0xffffffff, uint64_t{1} << 31,
                                    0x7fffffff, 1u << 20,   ~0ull,      uint64_t{1} << 63,
                                    1ull << 32, 1ull << 61, 9,          255};
    return kValues[Below(std::size(kValues))];
  }

  void Overwrite(std::string& file, size_t at, uint64_t value) {
    const size_t width = size_t{1} << Below(4);
    for (size_t i = 0; i < width && at + i < file.size(); ++i)
      file[at + i] = static_cast<char>(value >> (8 * i));
  }

  std::mt19937_64 random_;
};

// Opens every mutation with `open` and returns how many were refused.
template <typename Open>
int CountRefused(const std::string& path, size_t header_bytes, Open open) {
  const std::string original = ReadFile(path).value();
  EXPECT_TRUE(open(original).ok());
  const int64_t peak_before = PeakRssBytes();
  Mutator mutator(20240601);
  int num_refused = 0;
  for (int i = 0; i < NumMutations(); ++i) {
    const Status status = open(mutator.Mutate(original, header_bytes));
    if (status.ok()) continue;
    ++num_refused;
    EXPECT_FALSE(status.message().empty());
    EXPECT_NE(status.code(), Code::kInternal) << status.ToString();
  }
  if (kMeasuresMemory) {
    EXPECT_LT(PeakRssBytes() - peak_before, 2 * static_cast<int64_t>(original.size()) + (16 << 20));
  }
  return num_refused;
}

Status OpenGguf(const std::string& bytes) {
  auto checkpoint = OpenGgufCheckpoint(MapBytes(bytes));
  if (!checkpoint.ok()) return checkpoint.status();
  (void)(*checkpoint)->MakeTokenizer();
  return OkStatus();
}

TEST(Mutation, GgufHeaders) {
  if (!std::filesystem::exists(kStoriesGguf)) GTEST_SKIP() << "NOT TESTED: no " << kStoriesGguf;
  EXPECT_GT(CountRefused(kStoriesGguf, 14'000, OpenGguf), NumMutations() / 4);
}

// Quantised tensors, with the first blocks of the data in reach of the damage.
TEST(Mutation, QuantisedGguf) {
  const char* path = "tests/reference/tiny/tiny_q4_k.gguf";
  EXPECT_GT(CountRefused(path, 2'500, OpenGguf), NumMutations() / 4);
}

TEST(Mutation, SafetensorsHeaders) {
  const std::string path = std::string(kStoriesHf) + "/model.safetensors";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "NOT TESTED: no " << path;
  const int num_refused = CountRefused(path, 4'900, [](const std::string& bytes) {
    auto file = SafetensorsFile::Open(MapBytes(bytes));
    if (!file.ok()) return file.status();
    for (const TensorView& view : (*file)->tensors()) (void)CheckFinite(view);
    return OkStatus();
  });
  EXPECT_GT(num_refused, NumMutations() / 4);
}

}  // namespace
}  // namespace redline::engine
