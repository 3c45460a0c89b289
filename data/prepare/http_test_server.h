// A small HTTP server for tests of downloading, with the faults of real ones.
//
//   HttpTestServer server;
//   server.Serve("/a", {.body = bytes, .cut_after = 1000, .cuts = 1});
//   Download({.name = "a", .urls = {server.Url("/a")}, ...}, folder);
//   EXPECT_THAT(server.RangesAsked("/a"), ElementsAre("", "bytes=1000-"));

#ifndef DATA_PREPARE_HTTP_TEST_SERVER_H_
#define DATA_PREPARE_HTTP_TEST_SERVER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vitrine {

// How one path is served. What is not served is 404.
struct Served {
  std::string body;
  size_t cut_after = 0;  // the first `cuts` answers end, unannounced, after so many bytes
  int cuts = 0;
  size_t missing_from = std::string::npos;  // every answer ends before this byte of the body
  bool stall = false;                       // an answer that should end early goes silent instead
  bool ignore_range = false;                // always answers with the whole
  size_t piece = 1 << 16;                   // bytes sent at once
  std::chrono::milliseconds pause{0};       // between two pieces
};

class HttpTestServer {
 public:
  HttpTestServer();   // listens on a free port of the loopback device
  ~HttpTestServer();  // ends all answers

  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  void Serve(const std::string& path, Served served);
  std::string Url(const std::string& path) const;

  // The Range header of every request for the path so far, "" where there was none.
  std::vector<std::string> RangesAsked(const std::string& path) const;

 private:
  void Accept();
  void Answer(int connection);
  Served Note(const std::string& path, const std::string& range);
  void Send(int connection, std::string_view bytes, const Served& served) const;
  void Stall(int connection) const;

  int listening_ = -1;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;  // guards the two maps
  std::map<std::string, Served> served_;
  std::map<std::string, std::vector<std::string>> ranges_;
  std::vector<std::jthread> answering_;  // touched by the accepting thread only
  std::jthread accepting_;
};

}  // namespace vitrine

#endif  // DATA_PREPARE_HTTP_TEST_SERVER_H_
