#include "engine/kernels/registry.h"

#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "engine/kernels/cpu_features.h"

namespace redline::engine {
namespace {

constexpr KernelSet kRef = {"ref",        Arithmetic::kF32, MatmulRef,   kF32Rows,
                            AttentionRef, KvStoreRef,       RmsNormRef,  RopeRef,
                            SiluMulRef,   ArgmaxRef,        LogSumExpRef};
constexpr KernelSet kAvx2 = {"avx2",        Arithmetic::kF32, MatmulAvx2,   kF32Rows,
                             AttentionAvx2, KvStoreAvx2,      RmsNormAvx2,  RopeAvx2,
                             SiluMulAvx2,   ArgmaxAvx2,       LogSumExpAvx2};
constexpr KernelSet kAvx512 = {"avx512",        Arithmetic::kF32, MatmulAvx512,   kF32Rows,
                               AttentionAvx512, KvStoreAvx512,    RmsNormAvx512,  RopeAvx512,
                               SiluMulAvx512,   ArgmaxAvx512,     LogSumExpAvx512};

// Weights in f32 were meant to be exact.
constexpr RowForms kAmxRows = {
    [](DType weight) { return weight == DType::kF32 ? RowForm::kF32 : RowForm::kBf16; },
    ConvertRowsAmx};
constexpr KernelSet kAmx = {"amx",         Arithmetic::kBf16, MatmulAmx,      kAmxRows,
                            AttentionAmx,  KvStoreAvx512,     RmsNormAvx512,  RopeAvx512,
                            SiluMulAvx512, ArgmaxAvx512,      LogSumExpAvx512};

}  // namespace

std::vector<const KernelSet*> AvailableKernels() {
  const CpuFeatures cpu = DetectCpuFeatures();
  std::vector<const KernelSet*> available = {&kRef};
  if (cpu.avx2) available.push_back(&kAvx2);
  if (cpu.avx512) available.push_back(&kAvx512);
  if (cpu.amx_bf16) available.push_back(&kAmx);
  return available;
}

Result<const KernelSet*> SelectKernels(std::string_view isa_name) {
  if (isa_name.empty()) {
    const char* forced = std::getenv("REDLINE_ISA");
    if (forced != nullptr) isa_name = forced;
  }
  const std::vector<const KernelSet*> available = AvailableKernels();
  if (isa_name.empty()) return available.back();
  std::vector<std::string> names;
  for (const KernelSet* kernels : available) {
    if (kernels->name == isa_name) return kernels;
    names.emplace_back(kernels->name);
  }
  return InvalidArgument("instruction set \"" + std::string(isa_name) +
                             "\" is not available; this machine can run: " + Join(names, ", "),
                         "REDLINE_ISA");
}

}  // namespace redline::engine
