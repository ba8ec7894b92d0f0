// One request's answer on its way from any thread to its connection. Internal to net.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/http_server.h"

namespace redline::net {

class IoThread;
class ServerConnection;

// Mutable state is guarded by `mutex_`; callbacks run on the I/O thread without it.
class ServerExchange {
 public:
  struct Traits {
    bool is_head = false;   // answer without a body
    bool is_http11 = true;  // chunks are understood
    bool keep_alive = true;
    size_t max_buffered_bytes = 0;
  };
  ServerExchange(std::weak_ptr<ServerConnection> connection, std::shared_ptr<IoThread> io_thread,
                 const Traits& traits);

  // The handle given to the handler; when its last copy goes, Dropped() is called.
  static std::shared_ptr<ResponseWriter> MakeWriter(std::shared_ptr<ServerExchange> exchange);

  // Producer's side: see ResponseWriter.
  void Send(HttpResponse response);
  void StartStream(int status, Headers headers);
  bool Write(std::string_view bytes);
  void End();
  void Abort();
  void Dropped();
  size_t BufferedBytes() const;
  void OnPeerClosed(std::function<void()> callback);
  void OnDrained(std::function<void()> callback);

  // Connection's side, on its I/O thread.
  struct Output {
    std::string bytes;
    bool complete = false;    // nothing follows
    bool aborted = false;     // cut the connection
    bool keep_alive = false;  // after it is complete
  };
  Output Take();
  void BytesSent(size_t num_bytes);  // runs OnDrained when that was all
  // Whether nothing of the answer is on its way yet, and an interim answer may go before it.
  bool MayAskPeer() const;
  // Runs OnPeerClosed, once. kDoneSending: what is queued is still sent, and nothing more.
  enum class PeerState { kConnected, kDoneSending, kGone };
  void PeerClosed(PeerState state);
  void CloseAfterAnswer();  // when the head is not written yet

 private:
  enum class Phase { kWaiting, kStreaming, kComplete, kAborted };
  enum class Framing { kNone, kChunked, kLength, kUntilClose };

  void AppendHead(int status, const Headers& headers, std::optional<uint64_t> length);
  void ChooseFraming(int status, std::optional<uint64_t> length);
  void AppendBody(std::string_view bytes);

  struct Callbacks {
    std::function<void()> on_peer_closed;
    std::function<void()> on_drained;
  };
  // All with mutex_ held. Callbacks are destroyed after it is released: one may hold the last
  // writer.
  [[nodiscard]] Callbacks Finish(Phase phase);
  void Wake();

  const std::weak_ptr<ServerConnection> connection_;
  const std::shared_ptr<IoThread> io_thread_;  // outlives the server while a writer is held

  mutable std::mutex mutex_;
  Traits traits_;
  Phase phase_ = Phase::kWaiting;
  Framing framing_ = Framing::kNone;
  uint64_t length_left_ = 0;  // of a body with a declared length
  std::string queued_;        // not yet taken by the connection
  size_t in_flight_ = 0;      // taken, not yet in the kernel
  PeerState peer_ = PeerState::kConnected;
  bool wake_posted_ = false;
  Callbacks callbacks_;
};

}  // namespace redline::net
