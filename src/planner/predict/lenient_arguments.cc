#include "planner/predict/lenient_arguments.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace redline::planner {
namespace {

using nlohmann::json;

// A flag under all its names, and the field it sets.
struct Flag {
  std::string_view engine;
  std::string_view names;  // separated by a blank
  std::string_view field;  // "group/name"
  bool is_switch = false;
};

constexpr std::array kFlags = {
    Flag{"sglang", "--tp-size --tp --tensor-parallel-size", "/tp_size"},
    Flag{"sglang", "--dp-size --dp --data-parallel-size", "/dp_size"},
    Flag{"sglang", "--ep-size --ep --expert-parallel-size", "/ep_size"},
    Flag{"sglang", "--pp-size --pp --pipeline-parallel-size", "/pp_size"},
    Flag{"sglang", "--enable-dp-attention", "/enable_dp_attention", true},
    Flag{"sglang", "--chunked-prefill-size", "/chunked_prefill_size"},
    Flag{"sglang", "--max-prefill-tokens", "/max_prefill_tokens"},
    Flag{"sglang", "--max-running-requests", "/max_running_requests"},
    Flag{"sglang", "--mem-fraction-static", "/mem_fraction_static"},
    Flag{"sglang", "--kv-cache-dtype", "/kv_cache_dtype"},
    Flag{"sglang", "--cuda-graph-max-bs", "/cuda_graph_max_bs"},
    Flag{"sglang", "--disable-cuda-graph", "/disable_cuda_graph", true},
    Flag{"sglang", "--enable-mixed-chunk", "/enable_mixed_chunk", true},
    Flag{"sglang", "--disable-radix-cache", "/disable_radix_cache", true},
    Flag{"sglang", "--schedule-conservativeness", "/schedule_conservativeness"},
    Flag{"sglang", "--context-length", "/context_length"},
    Flag{"sglang", "--nsa-prefill-backend --nsa-prefill", "/nsa_prefill_backend"},
    Flag{"sglang", "--nsa-decode-backend --nsa-decode", "/nsa_decode_backend"},
    Flag{"sglang", "--speculative-algorithm --speculative-algo", "/speculative_algorithm"},
    Flag{"sglang", "--speculative-num-draft-tokens", "/speculative_num_draft_tokens"},
    Flag{"vllm", "--tensor-parallel-size -tp", "/parallel/tensor_parallel_size"},
    Flag{"vllm", "--data-parallel-size -dp", "/parallel/data_parallel_size"},
    Flag{"vllm", "--pipeline-parallel-size -pp", "/parallel/pipeline_parallel_size"},
    Flag{"vllm", "--enable-expert-parallel -ep", "/parallel/enable_expert_parallel", true},
    Flag{"vllm", "--max-num-seqs", "/scheduler/max_num_seqs"},
    Flag{"vllm", "--max-num-batched-tokens", "/scheduler/max_num_batched_tokens"},
    Flag{"vllm", "--async-scheduling", "/scheduler/async_scheduling", true},
    Flag{"vllm", "--gpu-memory-utilization", "/cache/gpu_memory_utilization"},
    Flag{"vllm", "--kv-cache-dtype", "/cache/cache_dtype"},
    Flag{"vllm", "--max-model-len", "/model/max_model_len"},
    Flag{"vllm", "--enforce-eager", "/model/enforce_eager", true},
    Flag{"vllm", "--speculative-config", "/speculative"},
    Flag{"tensorrt_llm", "--tp_size --tensor_parallel_size", "/tensor_parallel_size"},
    Flag{"tensorrt_llm", "--ep_size --moe_expert_parallel_size", "/moe_expert_parallel_size"},
    Flag{"tensorrt_llm", "--pp_size --pipeline_parallel_size", "/pipeline_parallel_size"},
    Flag{"tensorrt_llm", "--max_batch_size", "/max_batch_size"},
    Flag{"tensorrt_llm", "--max_num_tokens", "/max_num_tokens"},
    Flag{"tensorrt_llm", "--enable_chunked_prefill", "/enable_chunked_prefill", true},
};

const Flag* FindFlag(std::string_view engine, std::string_view name) {
  for (const Flag& flag : kFlags) {
    if (flag.engine != engine) continue;
    const auto names = Split(flag.names, ' ');
    if (std::find(names.begin(), names.end(), name) != names.end()) return &flag;
  }
  return nullptr;
}

// A number or object where it is one.
json ValueOf(const std::string& word) {
  json value = json::parse(word, nullptr, false);
  return value.is_number() || value.is_object() ? value : json(word);
}

}  // namespace

json LenientlyResolved(std::string_view engine, const std::vector<std::string>& arguments) {
  json resolved = json::object();
  for (size_t index = 0; index < arguments.size(); ++index) {
    const std::string& word = arguments[index];
    const size_t equals = word.find('=');
    const Flag* flag = FindFlag(engine, word.substr(0, equals));
    if (flag == nullptr) continue;
    const json::json_pointer field{std::string(flag->field)};
    if (flag->is_switch) {
      resolved[field] = true;
    } else if (equals != std::string::npos) {
      resolved[field] = ValueOf(word.substr(equals + 1));
    } else if (index + 1 < arguments.size()) {
      resolved[field] = ValueOf(arguments[++index]);
    }
  }
  // SGLang shares out the chunk, and asks for less, under data-parallel attention.
  const json dp = resolved.value("dp_size", json(1));
  if (engine == "sglang" && resolved.value("enable_dp_attention", json()) == json(true) &&
      dp.is_number_integer() && dp.get<int64_t>() > 1 && dp.get<int64_t>() <= 1024) {
    const json chunk = resolved.value("chunked_prefill_size", json(8192));
    if (chunk.is_number_integer() && chunk.get<int64_t>() > 0) {
      resolved["chunked_prefill_size"] =
          std::max<int64_t>(chunk.get<int64_t>() / dp.get<int64_t>(), 1);
    }
    if (!resolved.contains("schedule_conservativeness")) {
      resolved["schedule_conservativeness"] = 0.3;
    }
  }
  return resolved;
}

}  // namespace redline::planner
