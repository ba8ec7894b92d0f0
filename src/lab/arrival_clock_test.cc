#include "lab/arrival_clock.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/files.h"
#include "lab/monotonic_ns.h"

namespace redline::lab {
namespace {

// A connected pair of TCP sockets.
std::pair<UniqueFd, UniqueFd> TcpPair() {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  UniqueFd client(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  UniqueFd server(accept(listener.get(), nullptr, nullptr));
  return {std::move(client), std::move(server)};
}

void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(200)); }

TEST(ArrivalClockTest, TellsWhenBytesArrivedNotWhenTheyWereRead) {
  const auto [sender, receiver] = TcpPair();
  ArrivalClock::Enable(receiver.get());
  Pause();  // the kernel begins to stamp a moment after it was asked to
  ArrivalClock clock;
  const int64_t before_ns = MonotonicNs();
  ASSERT_EQ(send(sender.get(), "hello", 5, 0), 5);
  const int64_t after_ns = MonotonicNs();
  Pause();
  char buffer[16];
  const Arrival arrival = clock.Receive(receiver.get(), buffer, sizeof buffer);
  EXPECT_EQ(arrival.size, 5);
  EXPECT_GE(arrival.arrived_ns, before_ns - 1'000'000);
  EXPECT_LE(arrival.arrived_ns, after_ns + 1'000'000);
  EXPECT_GE(arrival.read_ns, after_ns + 190'000'000);
}

TEST(ArrivalClockTest, WithoutStampsItIsTheTimeOfReading) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const UniqueFd sender(pair[0]);
  UniqueFd receiver(pair[1]);
  ArrivalClock::Enable(receiver.get());
  ASSERT_EQ(send(sender.get(), "hello", 5, 0), 5);
  char buffer[16];
  const ArrivalClock clock;
  const Arrival arrival = clock.Receive(receiver.get(), buffer, sizeof buffer);
  EXPECT_EQ(arrival.size, 5);
  EXPECT_EQ(arrival.arrived_ns, arrival.read_ns);
}

}  // namespace
}  // namespace redline::lab
