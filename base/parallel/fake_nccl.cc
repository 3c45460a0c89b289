// For tests: a library with NCCL's functions whose ranks are threads of one process and whose
// "GPUs" are its memory. What is asked for is done when the call returns.

#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/parallel/nccl.h"

namespace vitrine {
namespace {

constexpr int kRemoteError = 6;
constexpr int kInvalidUsage = 5;

struct World {
  absl::Mutex mutex;
  int came = 0;
  bool is_aborted = false;
  std::map<std::pair<int, int>, std::deque<std::string>> letters;  // from, to
};

struct Rank {
  World* world;
  int rank;
};

struct Call {
  Rank* rank;
  int peer;
  const void* sent;  // or null
  void* received;
  size_t bytes;
};

absl::Mutex mutex;
int64_t ids = 0;

World* WorldOf(const NcclUniqueId& id) {
  static auto* const worlds = new std::map<std::string, World*>;
  const absl::MutexLock lock(&mutex);
  World*& world = (*worlds)[std::string(id.bytes, sizeof(id.bytes))];
  if (world == nullptr) world = new World;
  return world;
}

thread_local std::vector<Call> calls;

void Send(const Call& call) {
  World& world = *call.rank->world;
  const absl::MutexLock lock(&world.mutex);
  world.letters[{call.rank->rank, call.peer}].emplace_back(static_cast<const char*>(call.sent),
                                                           call.bytes);
}

int Receive(const Call& call) {
  World& world = *call.rank->world;
  std::deque<std::string>* letters;
  const auto has_come = [&] { return world.is_aborted || !letters->empty(); };
  const absl::MutexLock lock(&world.mutex);
  letters = &world.letters[{call.peer, call.rank->rank}];
  world.mutex.Await(absl::Condition(&has_come));
  if (letters->empty()) return kRemoteError;
  if (letters->front().size() != call.bytes) return kInvalidUsage;
  std::memcpy(call.received, letters->front().data(), call.bytes);
  letters->pop_front();
  return 0;
}

}  // namespace

extern "C" {

const char* ncclGetErrorString(int result) {
  return result == kRemoteError ? "remote process exited" : "invalid usage";
}

int ncclGetUniqueId(NcclUniqueId* id) {
  const absl::MutexLock lock(&mutex);
  *id = {};
  std::memcpy(id->bytes, &++ids, sizeof(ids));
  return 0;
}

int ncclCommInitRank(void** made, int size, NcclUniqueId id, int rank) {
  World* const world = WorldOf(id);
  const auto is_whole = [&] { return world->came % size == 0; };
  const absl::MutexLock lock(&world->mutex);
  ++world->came;
  world->mutex.Await(absl::Condition(&is_whole));
  *made = new Rank{world, rank};
  return 0;
}

int ncclCommGetAsyncError(void*, int* result) {
  *result = 0;
  return 0;
}

int ncclCommDestroy(void* communicator) {
  delete static_cast<Rank*>(communicator);
  return 0;
}

int ncclCommAbort(void* communicator) {
  World& world = *static_cast<Rank*>(communicator)->world;
  const absl::MutexLock lock(&world.mutex);
  world.is_aborted = true;
  return ncclCommDestroy(communicator);
}

int ncclGroupStart() { return 0; }

int ncclGroupEnd() {
  const std::vector<Call> group = std::exchange(calls, {});
  for (const Call& call : group) {
    if (call.sent != nullptr) Send(call);
  }
  for (const Call& call : group) {
    const int result = call.sent == nullptr ? Receive(call) : 0;
    if (result != 0) return result;
  }
  return 0;
}

int ncclSend(const void* data, size_t count, int type, int peer, void* communicator, void*) {
  if (type != Nccl::kByte) return kInvalidUsage;
  calls.push_back({static_cast<Rank*>(communicator), peer, data, nullptr, count});
  return 0;
}

int ncclRecv(void* data, size_t count, int type, int peer, void* communicator, void*) {
  if (type != Nccl::kByte) return kInvalidUsage;
  calls.push_back({static_cast<Rank*>(communicator), peer, nullptr, data, count});
  return 0;
}

}  // extern "C"

}  // namespace vitrine
