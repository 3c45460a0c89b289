#include "data/prepare/http_test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int kPollMilliseconds = 20;

bool Readable(int fd) {
  pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, kPollMilliseconds) > 0;
}

// Reads a request up to the blank line that ends it.
std::string ReadRequest(int connection) {
  std::string request;
  char buffer[4096];
  while (!absl::StrContains(request, "\r\n\r\n")) {
    const ssize_t n = recv(connection, buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    request.append(buffer, n);
  }
  return request;
}

std::string HeaderOf(std::string_view request, std::string_view name) {
  for (std::string_view line : absl::StrSplit(request, "\r\n")) {
    if (absl::StartsWithIgnoreCase(line, name) && line.size() > name.size() &&
        line[name.size()] == ':') {
      return std::string(absl::StripAsciiWhitespace(line.substr(name.size() + 1)));
    }
  }
  return "";
}

// N of "bytes=N-".
size_t FirstByte(std::string_view range) {
  uint64_t first = 0;
  if (absl::ConsumePrefix(&range, "bytes=") && absl::ConsumeSuffix(&range, "-")) {
    CHECK(absl::SimpleAtoi(range, &first)) << range;
  }
  return first;
}

std::string Headers(std::string_view status, size_t length, std::string_view more = "") {
  return absl::StrCat("HTTP/1.1 ", status, "\r\nContent-Length: ", length,
                      "\r\nConnection: close\r\n", more, "\r\n");
}

}  // namespace

HttpTestServer::HttpTestServer() : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  PCHECK(listening_ >= 0 && bind(listening_, any, size) == 0 && listen(listening_, 16) == 0 &&
         getsockname(listening_, any, &size) == 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread([this] { Accept(); });
}

HttpTestServer::~HttpTestServer() {
  ending_ = true;
  accepting_.join();
  answering_.clear();  // joins
  close(listening_);
}

void HttpTestServer::Serve(const std::string& path, Served served) {
  const std::lock_guard lock(mutex_);
  served_[path] = std::move(served);
}

std::string HttpTestServer::Url(const std::string& path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

std::vector<std::string> HttpTestServer::RangesAsked(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto asked = ranges_.find(path);
  return asked == ranges_.end() ? std::vector<std::string>() : asked->second;
}

void HttpTestServer::Accept() {
  while (!ending_) {
    if (!Readable(listening_)) continue;
    const int connection = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answering_.emplace_back([this, connection] {
      Answer(connection);
      close(connection);
    });
  }
}

// Keeps a record of the request and says how to answer it; an unknown path has an empty body.
Served HttpTestServer::Note(const std::string& path, const std::string& range) {
  const std::lock_guard lock(mutex_);
  ranges_[path].push_back(range);
  const auto found = served_.find(path);
  if (found == served_.end()) return {};
  Served served = found->second;
  if (found->second.cuts-- <= 0) served.cut_after = std::string::npos;
  return served;
}

void HttpTestServer::Answer(int connection) {
  const std::string request = ReadRequest(connection);
  const std::vector<std::string> words = absl::StrSplit(request.substr(0, request.find('\r')), ' ');
  if (words.size() < 2) return;
  const std::string range = HeaderOf(request, "Range");
  const Served served = Note(words[1], range);
  const size_t size = served.body.size();
  const size_t first = served.ignore_range ? 0 : FirstByte(range);
  if (size == 0) return Send(connection, Headers("404 Not Found", 0), served);
  if (first >= size) return Send(connection, Headers("416 Range Not Satisfiable", 0), served);
  const std::string content_range =
      absl::StrCat("Content-Range: bytes ", first, "-", size - 1, "/", size, "\r\n");
  Send(connection,
       first > 0 ? Headers("206 Partial Content", size - first, content_range)
                 : Headers("200 OK", size),
       served);
  const std::string_view there = std::string_view(served.body).substr(0, served.missing_from);
  const std::string_view sent =
      there.substr(std::min(first, there.size())).substr(0, served.cut_after);
  Send(connection, sent, served);
  if (served.stall && first + sent.size() < size) Stall(connection);
}

void HttpTestServer::Send(int connection, std::string_view bytes, const Served& served) const {
  while (!bytes.empty() && !ending_) {
    const ssize_t n =
        send(connection, bytes.data(), std::min(bytes.size(), served.piece), MSG_NOSIGNAL);
    if (n <= 0) return;  // the client has gone
    bytes.remove_prefix(n);
    std::this_thread::sleep_for(served.pause);
  }
}

// Says nothing until the client hangs up.
void HttpTestServer::Stall(int connection) const {
  while (!ending_ && !Readable(connection)) {
  }
}

}  // namespace vitrine
