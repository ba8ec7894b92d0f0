#include "engine/kernels/registry.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "engine/kernels/cpu_features.h"
#include "engine/kernels/matmul/int8_row.h"
#include "engine/kernels/peak/peak.h"

namespace redline::engine {
namespace {

constexpr KernelSet kRef = {"ref",        "ref",      Arithmetic::kF32, MatmulRef,  kF32Rows,
                            AttentionRef, kQueryTile, KvStoreRef,       RmsNormRef, RopeRef,
                            SiluMulRef,   ArgmaxRef,  LogSumExpRef};
constexpr KernelSet kAvx2 = {"avx2",        "avx2",     Arithmetic::kF32, MatmulAvx2,  kF32Rows,
                             AttentionAvx2, kQueryTile, KvStoreAvx2,      RmsNormAvx2, RopeAvx2,
                             SiluMulAvx2,   ArgmaxAvx2, LogSumExpAvx2};
constexpr KernelSet kAvx512 = {"avx512",       "avx512",        Arithmetic::kF32, MatmulAvx512,
                               kF32Rows,       AttentionAvx512, kQueryTile,       KvStoreAvx512,
                               RmsNormAvx512,  RopeAvx512,      SiluMulAvx512,    ArgmaxAvx512,
                               LogSumExpAvx512};

constexpr RowForms kInt8Rows = {
    [](DType weight) { return InfoOf(weight).IsQuantized() ? RowForm::kInt8 : RowForm::kF32; },
    {nullptr, nullptr, Int8RowsAvx2}};
constexpr RowForms kInt8AndBf16Rows = {
    [](DType weight) { return weight == DType::kBF16 ? RowForm::kBf16 : kInt8Rows.of(weight); },
    {nullptr, Bf16RowsAvx512, Int8RowsAvx2}};
// Weights in f32 were meant to be exact.
constexpr RowForms kAmxRows = {
    [](DType weight) { return weight == DType::kF32 ? RowForm::kF32 : RowForm::kBf16; },
    {nullptr, Bf16RowsAmx}};

// The set of the same vectors, with another matmul.
constexpr KernelSet WithMatmul(KernelSet kernels, std::string_view name,
                               decltype(&MatmulRef) matmul, RowForms rows) {
  kernels.name = name;
  kernels.arithmetic = Arithmetic::kInt8;
  kernels.matmul = matmul;
  kernels.rows = rows;
  return kernels;
}
constexpr KernelSet kAvx2Int8 = WithMatmul(kAvx2, "avx2_int8", MatmulAvx2Int8, kInt8Rows);
constexpr KernelSet kAvxVnni = WithMatmul(kAvx2, "avx_vnni", MatmulAvxVnni, kInt8Rows);
constexpr KernelSet kAvx512Vnni = WithMatmul(kAvx512, "avx512_vnni", MatmulAvx512Vnni, kInt8Rows);
constexpr KernelSet kAvx512Bf16 =
    WithMatmul(kAvx512, "avx512_bf16", MatmulAvx512Bf16, kInt8AndBf16Rows);
constexpr KernelSet kAmx = {"amx",
                            "avx512",
                            Arithmetic::kBf16,
                            MatmulAmx,
                            kAmxRows,
                            AttentionAmx,
                            kAmxQueryTile,
                            KvStoreAvx512,
                            RmsNormAvx512,
                            RopeAvx512,
                            SiluMulAvx512,
                            ArgmaxAvx512,
                            LogSumExpAvx512,
                            {CanGateAmx, GatedMatmulAmx}};

// Of one run of the loop, 100 microseconds or so.
double SecondsPerOperation(const PeakPath& path) {
  constexpr int64_t kRounds = 20'000;
  const auto begin = std::chrono::steady_clock::now();
  volatile float kept = path.run(kRounds);
  static_cast<void>(kept);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(kRounds * path.operations_per_round);
}

// In turns, so that both see the same clock; the shortest of each.
bool AreBf16DotsFaster() {
  constexpr double kLeastGain = 1.2;  // that rounding to bf16 is worth
  constexpr int kRepeats = 8;
  static const bool are_faster = [] {
    double bf16 = 1;
    double fp32 = 1;
    const std::vector<PeakPath> peaks = AvailablePeaks();
    for (int i = 0; i < kRepeats; ++i) {
      for (const PeakPath& path : peaks) {
        if (path.isa == "avx512_bf16") bf16 = std::min(bf16, SecondsPerOperation(path));
        if (path.isa == "avx512") fp32 = std::min(fp32, SecondsPerOperation(path));
      }
    }
    return bf16 * kLeastGain < fp32;
  }();
  return are_faster;
}

const KernelSet* FastestOf(const std::vector<const KernelSet*>& available) {
  const KernelSet* last = available.back();
  if (last != &kAvx512Bf16 || AreBf16DotsFaster()) return last;
  return available[available.size() - 2];
}

}  // namespace

std::vector<const KernelSet*> AvailableKernels() {
  const CpuFeatures cpu = DetectCpuFeatures();
  std::vector<const KernelSet*> available = {&kRef};
  if (cpu.avx2) available.insert(available.end(), {&kAvx2, &kAvx2Int8});
  if (cpu.avx_vnni) available.push_back(&kAvxVnni);
  if (cpu.avx512) available.push_back(&kAvx512);
  if (cpu.avx512_vnni) available.push_back(&kAvx512Vnni);
  if (cpu.avx512_vnni && cpu.avx512_bf16) available.push_back(&kAvx512Bf16);
  if (cpu.amx) available.push_back(&kAmx);
  return available;
}

Result<const KernelSet*> SelectKernels(std::string_view isa_name) {
  const bool is_asked = !isa_name.empty();
  if (!is_asked) {
    const char* forced = std::getenv("REDLINE_ISA");
    if (forced != nullptr) isa_name = forced;
  }
  const std::vector<const KernelSet*> available = AvailableKernels();
  if (isa_name.empty()) return FastestOf(available);
  std::vector<std::string> names;
  for (const KernelSet* kernels : available) {
    if (kernels->name == isa_name) return kernels;
    names.emplace_back(kernels->name);
  }
  return InvalidArgument((is_asked ? "kernels \"" : "REDLINE_ISA: kernels \"") +
                             std::string(isa_name) +
                             "\" are not available; this machine can run: " + Join(names, ", "),
                         is_asked ? "kernels" : "REDLINE_ISA");
}

}  // namespace redline::engine
